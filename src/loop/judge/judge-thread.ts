import { idleFrom, runConversationEvaluator, type ConversationEvaluator } from "../../evaluator/conversation.ts";
import { errorMessage } from "../../model/errors.ts";
import type { Score } from "../../model/score.ts";
import type { Trace } from "../../model/trace.ts";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import { toRuns } from "../../wire/to-run.ts";
import { toFeedback } from "../decide.ts";
import { NO_SPAN } from "../loop-tracing.ts";
import { reportedCost, reserveBudget, settleBudget } from "./budget.ts";
import { failureOf, pausedBy } from "./circuit-breaker.ts";
import { decideOrRetry } from "./decide-or-retry.ts";
import { threadHeads } from "./enrol-conversation.ts";
import { defer, postpone, release, skip } from "./give-back.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import { OWN_TRACE, type Judgement } from "./judge.ts";
import { refuseJudgement } from "./refuse-judgement.ts";
import { traceEvaluators } from "./trace-evaluators.ts";
import { toRecord, type Ready } from "./write-down.ts";

/** Patterns count traces, and what is known of spans comes from verdicts on these. */
export type ConversationDeps = Omit<JudgeDeps, "history">;

/** What an evaluator is shown of a thread. */
interface Conversation {
  threadId: string;
  traces: readonly Trace[];
  /** The newest of them, on which scores stand that name no other run. */
  last: Trace;
}

/** Everything up to the verdict on one claimed thread, by the rules of a trace; `null` when there is none to write now. */
export async function judgeThread(
  deps: ConversationDeps,
  evaluator: ConversationEvaluator,
  claim: LedgerClaim,
  signal: AbortSignal,
): Promise<Ready | null> {
  const { store, loopId, options, breaker, emitter } = deps;
  const conversation = await readConversation(deps, evaluator, claim);
  if (!conversation) return null;
  const { traces, last } = conversation;
  const pause = breaker.pauseOf([evaluator.name], store.now());
  const reservation = pause
    ? pausedBy(pause)
    : await reserveBudget(store, loopId, options.budgets, new Map([[evaluator, 1]]));
  if ("resumeAt" in reservation) {
    await defer(deps, claim, reservation);
    return null;
  }
  const judgement = await evaluate(deps, evaluator, conversation, { signal, begin: () => reservation.begin() });
  await settleBudget(store, reservation, options.budgets, loopId, judgement.costs ?? []);
  // What was evaluated in time is paid, and written; the rest is judged after the restart, when the lease has run out.
  if (signal.aborted && judgement.problems.length > 0) return null;
  const refused = refuseJudgement(deps, claim, [evaluator.name], judgement, last.id);
  if (refused) {
    await refused;
    return null;
  }
  const trace = { ...last, revision: claim.revision };
  const run = toRuns(last).get(last.root.id)!;
  const decision = await decideOrRetry(deps, claim, { loopId: claim.loopId, trace, run, judgement });
  if (!decision) return null;
  const { failure, secrets } = decision;
  if (secrets.size > 0) await store.secretPut({ secrets });
  // Features are those of traces; a conversation has none, and patterns count traces.
  const verdict = { ...decision.verdict, traceId: claim.traceId, features: {}, cluster: claim.traceId };
  // The verdict stands in the evaluator's ledger under the thread; what is sent goes out as the loop's own.
  const actions = decision.deliveries.map((delivery) => ({ ...delivery, loop: loopId }));
  const scores = options.writeScores ? judgement.scores : [];
  const feedback = scores.map((score) => toFeedback(score, aboutWhich(traces, score) ?? last, claim.loopId));
  const record = toRecord(deps, claim, { verdict, deliveries: actions, feedback });
  return {
    record: { ...record, deliveries: record.deliveries.map((delivery) => ({ ...delivery, loop: loopId })) },
    failure,
    actions,
    span: NO_SPAN,
    tell: () => emitter.emit("conversation:judged", { threadId: claim.traceId, verdict }),
  };
}

// --- internal ---

/** The thread as it stands, or `null` when it was given back: it goes on, or there is nothing to judge. */
async function readConversation(
  deps: ConversationDeps,
  evaluator: ConversationEvaluator,
  claim: LedgerClaim,
): Promise<Conversation | null> {
  const { store, platform, loopId, projectId, options, lineage } = deps;
  const heads = await threadHeads(store, loopId, claim.traceId);
  let read: Trace[];
  try {
    read = await platform.traceRead({ projectId, heads: heads.slice(-evaluator.maxTraces) });
  } catch (error) {
    await release(deps, claim, errorMessage(error), false);
    throw error;
  }
  if (read.length === 0) {
    await release(deps, claim, "none of its traces can be read", true);
    return null;
  }
  // The last gate before money is spent: a mark may have come after its trace was put on the list.
  const traces = read.filter((trace) => !lineage.isOwn(trace));
  const last = traces.toSorted((a, b) => a.root.startAt - b.root.startAt).at(-1);
  if (!last) {
    await skip(deps, claim, OWN_TRACE);
    return null;
  }
  const idleAt = idleFrom(traces, evaluator.idleMs, options.maxOpenMs);
  if (idleAt !== null && idleAt <= store.now()) return { threadId: claim.traceId, traces, last };
  const resumeAt = idleAt ?? store.now() + evaluator.idleMs;
  await postpone(deps, claim, { reason: "the conversation goes on", resumeAt });
  return null;
}

/** Never rejects: what goes wrong is a problem beside the scores. */
async function evaluate(
  { lineage, callLimits, options }: ConversationDeps,
  evaluator: ConversationEvaluator,
  { threadId, traces, last }: Conversation,
  { signal, begin }: { signal: AbortSignal; begin: () => void },
): Promise<Judgement> {
  const timeoutMs = evaluator.timeoutMs ?? options.evaluatorTimeoutMs;
  // By the trace's id: a thread's may say who talked.
  const mark = lineage.sign(last.id);
  const call = (): Promise<Score[]> => {
    begin();
    return runConversationEvaluator(evaluator, threadId, traces, { timeoutMs, signal, lineage: mark });
  };
  try {
    const scores = await traceEvaluators(mark, () => callLimits(evaluator, call, signal));
    return { scores, problems: [], failures: [], costs: [reportedCost(evaluator.name, [scores])] };
  } catch (error) {
    const failure = failureOf(evaluator.name, error);
    return { scores: [], problems: [failure.message], failures: [failure] };
  }
}

function aboutWhich(traces: readonly Trace[], { spanId }: Score): Trace | undefined {
  return traces.find(({ spans }) => spans.some(({ id }) => id === spanId));
}
