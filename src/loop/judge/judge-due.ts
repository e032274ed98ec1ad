import { createSlots } from "../../internal/slots.ts";
import { errorMessage } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { Trace, TraceHead } from "../../model/trace.ts";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import { enrolConversation } from "./enrol-conversation.ts";
import { handOver, release, skip } from "./give-back.ts";
import { holdLeases } from "./hold-leases.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import { judgeTrace } from "./judge-trace.ts";
import { OWN_TRACE } from "./judge.ts";
import { createRecorder } from "./recorder.ts";
import { isAlwaysJudged, isSampled } from "./sample.ts";
import { writeDown, type Ready } from "./write-down.ts";

const BATCH = 100;
const MISSING = "the platform does not return the trace";
/** With the pauses between them they take more than an hour, after which nobody's reads lag behind any more. */
const MISSING_ATTEMPTS = 13;
/** Renewed while traces are judged, so it only says how long those of a crashed worker wait. */
const LEASE_MS = 30_000;

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
    // Spans of a tracer are in this machine's time, so not the store's.
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
          await handOver(deps, claim);
          return finish();
        }
        const trace = byId.get(claim.traceId);
        let ready: Ready | null = null;
        if (trace && deps.lineage.isOwn(trace)) await skip(deps, claim, OWN_TRACE);
        else if (trace && isOut(claim) && !isAlwaysJudged(trace, always)) {
          await enrolConversation(deps, trace);
          await skip(deps, claim);
        } else if (trace)
          ready = await judgeTrace({ ...deps, readAt }, claim, { ...trace, revision: claim.revision }, signal);
        else if (claim.attempts + 1 >= MISSING_ATTEMPTS) await skip(deps, claim, `${MISSING}; it was probably deleted`);
        else await release(deps, claim, MISSING, true);
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

function headOf(claim: LedgerClaim): TraceHead {
  return {
    traceId: claim.traceId,
    startAt: claim.traceStartAt,
    rootEndAt: claim.rootEndAt,
    changedAt: claim.changedAt,
  };
}
