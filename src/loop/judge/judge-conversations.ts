import { idleFrom, runConversationEvaluator, type ConversationEvaluator } from "../../evaluator/conversation.ts";
import { mapWithLimit } from "../../internal/map-with-limit.ts";
import { errorMessage } from "../../model/errors.ts";
import { newId, stableId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Score } from "../../model/score.ts";
import type { Trace, TraceHead } from "../../model/trace.ts";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import type { Store } from "../../store/store.ts";
import { toRuns } from "../../wire/to-run.ts";
import { reserveBudget, settleBudget } from "./budget.ts";
import { decide, toFeedback } from "../decide.ts";
import { holdLeases } from "./hold-leases.ts";
import type { JudgeDeps } from "./judge-due.ts";
import type { Judgement } from "./judge.ts";
import { isAlwaysJudged, isSampled } from "./sample.ts";
import { scoreDelivery } from "./score-delivery.ts";

type ConversationDeps = Omit<JudgeDeps, "history">;

const BATCH = 20;
const LEASE_MS = 30_000;

/**
 * Puts a trace's thread on the list of every conversation evaluator, due once it has been idle for that evaluator's time,
 * whether the trace itself is judged or sampled out. Must come before the trace is done with: a crash in between repeats
 * it, and none loses the thread. Threads are sampled as wholes, by the hash of their id; those with a trace that is judged
 * whatever the rate are judged as well.
 *
 * Each evaluator has a ledger of its own, whose entries are threads; it has the same leases, revisions and retries as
 * that of traces.
 */
export async function enrolConversation({ store, loopId, options }: ConversationDeps, trace: Trace): Promise<void> {
  const { threadId, root } = trace;
  if (threadId === null || options.conversations.length === 0) return;
  const { rate, always } = options.sample;
  const isIn = isSampled(threadId, rate) || isAlwaysJudged(trace, always);
  // A later trace of a thread that is left out may be one that is always judged, and the thread with it.
  if (!isIn && !always) return;
  const now = store.now();
  const endAt = root.endAt ?? now;
  for (const evaluator of isIn ? options.conversations : []) {
    // Traces of one thread that are judged one after the other, as in a backfill, are waited for too.
    const dueAt = Math.max(endAt + evaluator.idleMs, now + Math.min(evaluator.idleMs, options.settleMs));
    const head = { traceId: threadId, startAt: root.startAt, rootEndAt: endAt, changedAt: now, dueAt };
    await store.ledgerEnrol({ loopId: ledgerOf(loopId, evaluator), heads: [head] });
  }
  const most = Math.max(...options.conversations.map(({ maxTraces }) => maxTraces));
  const head: TraceHead = { traceId: trace.id, startAt: root.startAt, rootEndAt: root.endAt, changedAt: endAt };
  await store.cursorUpdate({
    name: threadName(loopId, threadId),
    update: (current) => {
      const others = headsOf(current).filter(({ traceId }) => traceId !== trace.id);
      const heads = [...others, head].sort((a, b) => a.startAt - b.startAt).slice(-most);
      return { heads: heads as unknown as JsonObject[] };
    },
  });
}

/** When the next thread is due for any of the evaluators, or `null`. */
export async function nextConversationDue({
  store,
  loopId,
  options,
}: Pick<ConversationDeps, "store" | "loopId" | "options">): Promise<number | null> {
  const due = await Promise.all(
    options.conversations.map((evaluator) => store.ledgerNextDue({ loopId: ledgerOf(loopId, evaluator) })),
  );
  return due.reduce((least, at) => (at !== null && (least === null || at < least) ? at : least), null);
}

/** One round over the threads that have gone idle: reads, evaluates, decides and records them. Returns how many there were. */
export function createConversationJudge(deps: ConversationDeps): (signal: AbortSignal) => Promise<number> {
  const { store, loopId, options } = deps;
  return async (signal) => {
    let judged = 0;
    for (const evaluator of options.conversations) {
      const ledger = ledgerOf(loopId, evaluator);
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

function ledgerOf(loopId: string, { name, version }: ConversationEvaluator): string {
  return stableId("conversations", loopId, name, version);
}

function threadName(loopId: string, threadId: string): string {
  return `thread/${loopId}/${threadId}`;
}

function headsOf(value: JsonObject | null): TraceHead[] {
  return ((value?.["heads"] as unknown) ?? []) as TraceHead[];
}

async function judgeThread(
  deps: ConversationDeps,
  evaluator: ConversationEvaluator,
  claim: LedgerClaim,
  signal: AbortSignal,
): Promise<void> {
  const { store, platform, loopId, projectId, options, emitter } = deps;
  const heads = headsOf(await store.cursorGet({ name: threadName(loopId, claim.traceId) }));
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
