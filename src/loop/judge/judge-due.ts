import type { EvaluationCache } from "../../evaluator/evaluation-cache.ts";
import type { CallLimits } from "../../evaluator/evaluator.ts";
import { targetsOf } from "../../evaluator/targets.ts";
import { createSlots } from "../../internal/slots.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { Trace } from "../../model/trace.ts";
import type { Platform } from "../../platform/platform.ts";
import type { LedgerClaim, VerdictRecord } from "../../store/resource/ledger.ts";
import type { Store } from "../../store/store.ts";
import type { LangSmithRun } from "../../wire/langsmith-run.ts";
import { toRuns } from "../../wire/to-run.ts";
import type { BlameHistory } from "./blame-history.ts";
import { reserveBudget, settleBudget, type Refusal, type Reservation } from "./budget.ts";
import { decide, type Decision } from "../decide.ts";
import type { LoopEmitter } from "../events.ts";
import type { CircuitBreaker, Pause } from "./circuit-breaker.ts";
import { defer, fail, release, skip } from "./give-back.ts";
import { holdLeases } from "./hold-leases.ts";
import { judge, OWN_TRACE } from "./judge.ts";
import type { Lineage } from "./lineage.ts";
import type { JudgeSpan, LoopTracing } from "../loop-tracing.ts";
import type { ResolvedLoopOptions } from "../options.ts";
import { enrolConversation } from "./judge-conversations.ts";
import { createRecorder } from "./recorder.ts";
import { scoreDelivery } from "./score-delivery.ts";
import { isAlwaysJudged, isSampled } from "./sample.ts";
import { seenScores } from "./seen-scores.ts";

export interface JudgeDeps {
  store: Store;
  platform: Platform;
  loopId: string;
  projectId: string;
  readKeys: readonly string[];
  history: BlameHistory;
  lineage: Lineage;
  callLimits: CallLimits;
  sharedCache: EvaluationCache;
  breaker: CircuitBreaker;
  tracing: LoopTracing;
  options: ResolvedLoopOptions;
  emitter: LoopEmitter;
  /** Called when deliveries were queued. */
  onDeliveries: () => void;
}

const BATCH = 100;
/** Renewed while traces are judged, so it only says how long those of a crashed worker wait. */
const LEASE_MS = 30_000;
/** A trace whose evaluators' providers were all too busy is tried again no sooner than this. */
const BUSY_RETRY_MS = 1_000;

export interface RoundOptions {
  /** Traces claimed at most. @default a batch */
  most?: number;
  /** Once it is aborted no evaluator is started; what was claimed for it goes to whoever claims next. */
  stopping?: AbortSignal;
}

/**
 * One round of judging: claims due traces, reads, evaluates, blames, decides and records them. Returns how many there were.
 */
export function createJudge(deps: JudgeDeps): (signal: AbortSignal, options?: RoundOptions) => Promise<number> {
  const { store, platform, loopId, projectId, options } = deps;
  const record = createRecorder(store);
  // Rounds that run side by side share them.
  const slots = createSlots(options.concurrency);

  return async (signal, { most = Infinity, stopping } = {}) => {
    // Nothing is claimed while another round's traces still wait: other workers could have them meanwhile.
    await slots(() => Promise.resolve());
    if (stopping?.aborted) return 0;
    const leaseToken = newId();
    const claims = await store.ledgerClaim({
      loopId,
      limit: Math.min(most, Math.max(BATCH, options.concurrency)),
      leaseMs: LEASE_MS,
      leaseToken,
    });
    if (claims.length === 0) return 0;
    using leases = holdLeases(store, {
      loopId,
      traceIds: claims.map((claim) => claim.traceId),
      leaseToken,
      leaseMs: LEASE_MS,
    });
    const { rate, always } = options.sample;
    const isOut = (claim: LedgerClaim): boolean => !isSampled(claim.traceId, rate);
    // Without strata the id alone decides, and the trace need not be read unless for its thread.
    const read = always !== undefined || options.conversations.length > 0;
    const wanted = read ? claims : claims.filter((claim) => !isOut(claim));
    if (!read) for (const claim of claims.filter(isOut)) await skip(deps, claim);
    let traces: Trace[];
    const readAt = { from: Date.now(), to: 0 };
    try {
      traces = await platform.traceRead({ projectId, heads: wanted.map(headOf) });
    } catch (error) {
      for (const claim of wanted) await release(deps, claim, errorMessage(error), false);
      throw error;
    }
    readAt.to = Date.now();
    const byId = new Map(traces.map((trace) => [trace.id, trace]));
    const recording: Promise<void>[] = [];
    const problems: unknown[] = [];
    const judgeClaim = async (claim: LedgerClaim): Promise<void> => {
      const finish = (error?: unknown): void => {
        leases.done(claim.traceId);
        if (error !== undefined) problems.push(error);
      };
      try {
        if (stopping?.aborted) {
          await defer(deps, claim, { reason: "the worker that held it was stopped", resumeAt: store.now() });
          return finish();
        }
        const trace = byId.get(claim.traceId);
        let ready: Ready | null = null;
        if (trace && deps.lineage.isOwn(trace)) await skip(deps, claim, OWN_TRACE);
        else if (trace && isOut(claim) && !isAlwaysJudged(trace, always)) {
          await enrolConversation(deps, trace);
          await skip(deps, claim);
        } else if (trace)
          ready = await judgeOne({ ...deps, readAt }, claim, { ...trace, revision: claim.revision }, signal);
        else await release(deps, claim, "the platform does not return the trace", true);
        // The next trace is judged while this one's verdict is written; the round ends when all are.
        if (ready) recording.push(writeDown(deps, (one) => record(one, signal), ready).then(() => finish(), finish));
        else finish();
      } catch (error) {
        finish(error);
      }
    };
    await Promise.all(wanted.map((claim) => slots(() => judgeClaim(claim))));
    await Promise.all(recording);
    // The traces concerned come back when their leases run out.
    if (problems.length > 0) throw problems[0];
    return claims.length;
  };
}

/** A judged trace whose verdict is still to be written. */
interface Ready {
  trace: Trace;
  record: VerdictRecord;
  failure: Decision["failure"];
  /** The deliveries `onFailure` asked for, without the scores that travel as deliveries. */
  actions: readonly Delivery[];
  span: JudgeSpan;
}

interface RoundDeps extends JudgeDeps {
  /** Epoch ms. */
  readAt: { from: number; to: number };
}

/** Everything up to the verdict; `null` when there is none to write now. */
async function judgeOne(deps: RoundDeps, claim: LedgerClaim, trace: Trace, signal: AbortSignal): Promise<Ready | null> {
  const { store, loopId, options, breaker } = deps;
  const runs = toRuns(trace);
  const calls = new Map(
    options.evaluators.map((evaluator) => [evaluator, targetsOf(evaluator, trace, { runs }).length] as const),
  );
  const names = namesOf(options);
  const pause = breaker.pauseOf(names, store.now());
  if (pause) {
    await defer(deps, claim, pausedBy(pause));
    return null;
  }
  const reservation = await reserveBudget(store, loopId, options.budgets, calls);
  if ("resumeAt" in reservation) {
    await defer(deps, claim, reservation);
    return null;
  }
  // Only here: a trace that is skipped must leave no trace, or a loop that watches its own would never be done with them.
  const span = deps.tracing.judge(claim, deps.readAt);
  try {
    const ready = await judgePaid(deps, claim, { trace, runs, reservation, span }, signal);
    if (!ready) span.end("later");
    return ready;
  } catch (error) {
    span.end("later");
    throw error;
  }
}

async function judgePaid(
  deps: RoundDeps,
  claim: LedgerClaim,
  paid: { trace: Trace; runs: ReadonlyMap<string, LangSmithRun>; reservation: Reservation; span: JudgeSpan },
  signal: AbortSignal,
): Promise<Ready | null> {
  const { store, platform, loopId, options, emitter, breaker } = deps;
  const { trace, runs, reservation, span } = paid;
  const judgement = await judge(trace, runs, options.evaluators, {
    timeoutMs: options.evaluatorTimeoutMs,
    signal,
    lineage: deps.lineage,
    callLimits: deps.callLimits,
    sharedCache: deps.sharedCache,
    span,
  });
  await settleBudget(store, reservation, options.budgets, loopId, judgement.scores);
  if (signal.aborted) return null; // the lease runs out and the trace is judged after the restart
  const failures = judgement.failures ?? [];
  const [begun] = breaker.note(namesOf(options), failures, store.now());
  if (begun) {
    const { reason } = pausedBy(begun);
    emitter.emit("error", { error: new Error(reason), during: "judge", traceId: trace.id });
    await defer(deps, claim, pausedBy(begun));
    return null;
  }
  if (failures.length > 0 && failures.every(({ code }) => code === "rate_limited")) {
    // No fault of the trace; the breaker ends it where the provider never answers.
    const reason = judgement.problems.join("; ");
    await defer(deps, claim, { reason, resumeAt: store.now() + Math.max(options.retryMs, BUSY_RETRY_MS) });
    return null;
  }
  const lastAttempt = claim.attempts + 1 >= options.maxAttempts;
  if (judgement.problems.length > 0 && !lastAttempt) {
    await fail(deps, claim, judgement.problems.join("; "));
    return null;
  }
  let decision: Decision;
  const params = {
    loopId,
    trace,
    run: runs.get(trace.root.id)!,
    revision: claim.revision,
    judgement,
    now: store.now(),
    knowledge: deps.history.knowledge(),
    span,
    onHookError: (rung: string, error: unknown) =>
      emitter.emit("error", {
        error: new LoopsmithError("evaluator_failed", `blame.${rung}: ${errorMessage(error)}`, {
          hint: "The culprit is the one the other rungs name.",
          cause: error,
        }),
        during: "judge",
        traceId: trace.id,
      }),
  };
  try {
    decision = await decide({ ...params, options });
  } catch (error) {
    const problem = `onFailure: ${errorMessage(error)}`;
    if (!lastAttempt) {
      await fail(deps, claim, problem);
      return null;
    }
    // The verdict stands although nobody could be told what to do about it; the comment and the event say so.
    decision = await decide({ ...params, options: { ...options, onFailure: () => null } });
    decision.verdict.comment = problem;
    emitter.emit("error", { error, during: "judge", traceId: trace.id });
  }
  const { verdict, failure, secrets, feedback } = decision;
  const local = platform.store === store;
  const deliveries = local
    ? decision.deliveries
    : [...decision.deliveries, ...feedback.map((item) => scoreDelivery(item, verdict))];
  if (secrets.size > 0) await store.secretPut({ secrets });
  await enrolConversation(deps, trace);
  const elsewhere = deps.readKeys.length > 0 ? { seenScores: seenScores(trace, deps.readKeys) } : {};
  const record = { verdict, leaseToken: claim.leaseToken, deliveries, ...(local ? { feedback } : elsewhere) };
  return { trace, record, failure, actions: decision.deliveries, span };
}

/** Records a verdict and, once it is durable, tells everybody; says nothing when the lease was lost. */
async function writeDown(
  deps: JudgeDeps,
  record: (record: VerdictRecord) => Promise<boolean>,
  { trace, record: written, failure, actions, span }: Ready,
): Promise<void> {
  const { verdict, deliveries } = written;
  let outcome = "later";
  try {
    const recorded = await span.child("record", { "loopsmith.deliveries": deliveries.length }, () => record(written));
    outcome = recorded ? verdict.outcome : "overtaken";
    if (!recorded) return;
  } finally {
    span.end(outcome);
  }
  if (verdict.outcome === "pass" || verdict.outcome === "fail") deps.history.note(trace, failure);
  if (deliveries.length > 0) deps.onDeliveries();
  deps.emitter.emit("trace:judged", { verdict });
  if (failure) deps.emitter.emit("failure:detected", { failure, deliveries: actions });
}

function namesOf({ evaluators }: ResolvedLoopOptions): string[] {
  return evaluators.map(({ name }) => name);
}

/** The trace waits with it and loses no attempt: the fault is not its own. */
function pausedBy({ evaluator, reason, until }: Pause): Refusal {
  return { reason: `the evaluator "${evaluator}" is paused, because ${reason}`, resumeAt: until };
}

function headOf(claim: LedgerClaim): { traceId: string; startAt: number; rootEndAt: number | null; changedAt: number } {
  return {
    traceId: claim.traceId,
    startAt: claim.traceStartAt,
    rootEndAt: claim.rootEndAt,
    changedAt: claim.changedAt,
  };
}
