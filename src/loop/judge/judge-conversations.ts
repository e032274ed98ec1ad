import { idleFrom, runConversationEvaluator, type ConversationEvaluator } from "../../evaluator/conversation.ts";
import { mapWithLimit } from "../../internal/map-with-limit.ts";
import { errorMessage } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { Score } from "../../model/score.ts";
import type { Trace } from "../../model/trace.ts";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import type { Store } from "../../store/store.ts";
import { toRuns } from "../../wire/to-run.ts";
import { reserveBudget, settleBudget } from "./budget.ts";
import { decide, toFeedback } from "../decide.ts";
import { conversationLedger, threadHeads } from "./enrol-conversation.ts";
import { holdLeases } from "./hold-leases.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import type { Judgement } from "./judge.ts";
import { scoreDelivery } from "./score-delivery.ts";

type ConversationDeps = Omit<JudgeDeps, "history">;

const BATCH = 20;
const LEASE_MS = 30_000;

/** When the next thread is due for any of the evaluators, or `null`. */
export async function nextConversationDue({
  store,
  loopId,
  options,
}: Pick<ConversationDeps, "store" | "loopId" | "options">): Promise<number | null> {
  const due = await Promise.all(
    options.conversations.map((evaluator) => store.ledgerNextDue({ loopId: conversationLedger(loopId, evaluator) })),
  );
  return due.reduce((least, at) => (at !== null && (least === null || at < least) ? at : least), null);
}

/** One round over the threads that have gone idle: reads, evaluates, decides and records them. Returns how many there were. */
export function createConversationJudge(deps: ConversationDeps): (signal: AbortSignal) => Promise<number> {
  const { store, loopId, options } = deps;
  return async (signal) => {
    let judged = 0;
    for (const evaluator of options.conversations) {
      const ledger = conversationLedger(loopId, evaluator);
      const leaseToken = newId();
      const claims = await store.ledgerClaim({ loopId: ledger, limit: BATCH, leaseMs: LEASE_MS, leaseToken });
      if (claims.length === 0) continue;
      const traceIds = claims.map(({ traceId }) => traceId);
      using leases = holdLeases(store, { loopId: ledger, traceIds, leaseToken, leaseMs: LEASE_MS });
      await mapWithLimit(claims, options.concurrency, async (claim) => {
        try {
          await judgeThread(deps, evaluator, claim, signal);
        } finally {
          leases.done(claim.traceId);
        }
      });
      judged += claims.length;
    }
    return judged;
  };
}

// --- internal ---

async function judgeThread(
  deps: ConversationDeps,
  evaluator: ConversationEvaluator,
  claim: LedgerClaim,
  signal: AbortSignal,
): Promise<void> {
  const { store, platform, loopId, projectId, options, emitter } = deps;
  const heads = await threadHeads(store, loopId, claim.traceId);
  const traces = await platform.traceRead({ projectId, heads: heads.slice(-evaluator.maxTraces) });
  const last = traces.toSorted((a, b) => a.root.startAt - b.root.startAt).at(-1);
  const now = store.now();
  const idleAt = last ? idleFrom(traces, evaluator.idleMs) : null;
  if (!last || idleAt === null || idleAt > now) {
    const why = last ? "the conversation goes on" : "none of its traces can be read";
    return release(store, claim, why, idleAt ?? now + evaluator.idleMs, !last);
  }
  const reservation = await reserveBudget(store, loopId, options.budgets, new Map([[evaluator, 1]]));
  if ("resumeAt" in reservation)
    return release(store, claim, reservation.reason, reservation.resumeAt, false, "deferred");
  const judgement = await evaluate(deps, evaluator, claim.traceId, traces, {
    timeoutMs: evaluator.timeoutMs ?? options.evaluatorTimeoutMs,
    signal,
  });
  await settleBudget(store, reservation, options.budgets, loopId, judgement.scores);
  if (signal.aborted) return; // the lease runs out and the thread is judged after the restart
  const [problem] = judgement.problems;
  if (problem !== undefined) {
    emitter.emit("error", { error: new Error(problem), during: "judge", traceId: last.id });
    if (claim.attempts + 1 < options.maxAttempts)
      return release(store, claim, problem, now + options.retryMs * 2 ** claim.attempts, true);
  }
  await record(deps, claim, traces, last, judgement);
}

async function evaluate(
  { callLimits }: ConversationDeps,
  evaluator: ConversationEvaluator,
  threadId: string,
  traces: readonly Trace[],
  run: { timeoutMs: number; signal: AbortSignal },
): Promise<Judgement> {
  try {
    const call = (): Promise<Score[]> => runConversationEvaluator(evaluator, threadId, traces, run);
    return { scores: await callLimits(evaluator, call, run.signal), problems: [] };
  } catch (error) {
    return { scores: [], problems: [errorMessage(error)] };
  }
}

/** The verdict stands in the evaluator's ledger under the thread; what is sent goes out as the loop's own deliveries. */
async function record(
  deps: ConversationDeps,
  claim: LedgerClaim,
  traces: readonly Trace[],
  last: Trace,
  judgement: Judgement,
): Promise<void> {
  const { store, platform, loopId, options, emitter } = deps;
  const params = {
    loopId: claim.loopId,
    trace: { ...last, revision: claim.revision },
    run: toRuns(last).get(last.root.id)!,
    revision: claim.revision,
    judgement,
    now: store.now(),
  };
  let decision;
  try {
    decision = await decide({ ...params, options });
  } catch (error) {
    emitter.emit("error", { error, during: "judge", traceId: last.id });
    if (claim.attempts + 1 < options.maxAttempts) {
      const at = store.now() + options.retryMs * 2 ** claim.attempts;
      return release(store, claim, `onFailure: ${errorMessage(error)}`, at, true);
    }
    decision = await decide({ ...params, options: { ...options, onFailure: () => null } });
  }
  const { failure, secrets } = decision;
  // Features are those of traces; a conversation has none, and patterns count traces.
  const verdict = { ...decision.verdict, traceId: claim.traceId, features: {}, cluster: claim.traceId };
  const feedback = options.writeScores
    ? judgement.scores.map((score) => {
        const about = traces.find(({ spans }) => spans.some(({ id }) => id === score.spanId)) ?? last;
        return toFeedback(score, about, claim.loopId);
      })
    : [];
  const local = platform.store === store;
  const deliveries = [
    ...decision.deliveries,
    ...(local ? [] : feedback.map((item) => scoreDelivery(item, verdict))),
  ].map((delivery) => ({ ...delivery, loop: loopId }));
  if (secrets.size > 0) await store.secretPut({ secrets });
  const written = { verdict, leaseToken: claim.leaseToken, deliveries, ...(local ? { feedback } : {}) };
  const recorded = await store.verdictRecord({ records: [written] });
  if (!recorded.has(verdict.id)) return;
  if (deliveries.length > 0) deps.onDeliveries();
  emitter.emit("conversation:judged", { threadId: claim.traceId, verdict });
  if (failure) emitter.emit("failure:detected", { failure, deliveries });
}

async function release(
  store: Store,
  { loopId, traceId, leaseToken }: LedgerClaim,
  reason: string,
  dueAt: number,
  attempted: boolean,
  state: "settling" | "deferred" = "settling",
): Promise<void> {
  await store.ledgerRelease({ loopId, traceId, leaseToken, state, reason, dueAt, attempted });
}
