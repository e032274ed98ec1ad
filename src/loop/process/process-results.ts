import { mapWithLimit } from "../../internal/map-with-limit.ts";
import { sharedAbort } from "../../internal/shared-abort.ts";
import { newId, stableId } from "../../model/id.ts";
import { thresholdFor } from "../../model/score.ts";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import { toRuns } from "../../wire/to-run.ts";
import { decide } from "../decide.ts";
import { createDeliverer } from "../deliver.ts";
import { makeDigests } from "../digest.ts";
import type { LoopEmitter } from "../events.ts";
import { holdLeases } from "../judge/hold-leases.ts";
import { learn } from "../learn/learn.ts";
import type { OpenLoop } from "../open-loop.ts";
import type { ResolvedLoopOptions } from "../options.ts";
import { fromFeedback, fromRows, type ExperimentRows, type ScoredTrace } from "./process-rows.ts";
import { createRecorder } from "../judge/recorder.ts";
import type { RunSummary } from "../run-through.ts";

/** What processing an experiment came to. Counts are of this call: a second one finds everything known. */
export interface ProcessSummary extends Omit<RunSummary, "unscored" | "errors"> {
  /** Traces that carry no score the threshold speaks of (yet). They are left for the next call. */
  unscored: number;
}

const BATCH = 100;
const LEASE_MS = 30_000;
/** Rows of an experiment are claimed by name, so that a loop that runs meanwhile does not judge them a second time. */
const NOT_FOR_OTHERS_MS = 365 * 24 * 60 * 60_000;

/**
 * Takes the results of an experiment through blame, decide, act and learn as if they were production traces. The scores are
 * those of the experiment: no evaluator is called and none is written back. Runs of equal inputs count as one cluster
 * unless the loop's `cluster` says otherwise, because repetitions are not independent.
 *
 * @throws LoopsmithError `not_found` for an experiment the platform does not know; whatever `onFailure` throws, after the
 * other traces were taken through
 */
export async function processResults(
  loop: OpenLoop,
  options: ResolvedLoopOptions,
  emitter: LoopEmitter,
  results: ExperimentRows | string,
): Promise<ProcessSummary> {
  const { store, loopId } = loop;
  const summary: ProcessSummary = { judged: 0, failures: 0, delivered: 0, unscored: 0 };
  const off = emitter.on("delivery:delivered", () => (summary.delivered += 1));
  const { signal } = sharedAbort();
  const deliver = createDeliverer({ ...loop, options, emitter });
  try {
    const problems: unknown[] = [];
    for await (const batch of batches(loop, results)) {
      await loop.register();
      problems.push(...(await takeThrough(loop, options, emitter, batch, summary)));
      while ((await deliver(signal)) > 0);
    }
    await loop.history.flush();
    if (options.learn) {
      await learn({ store, loopId, emitter, alerts: options.alerts, options: options.learn }, { mineNow: true });
    }
    while ((await deliver(signal)) > 0);
    const destinations = Object.keys(options.destinations);
    const { throttle: policy } = options;
    if (policy) await makeDigests({ store, loopId, policy, destinations }, { flush: true });
    while ((await deliver(signal)) > 0);
    if (problems.length > 0) throw problems[0];
    return summary;
  } finally {
    off();
  }
}

async function* batches({ platform }: OpenLoop, results: ExperimentRows | string): AsyncGenerator<ScoredTrace[]> {
  const projectId = await platform.projectId({ name: typeof results === "string" ? results : results.experimentName });
  if (typeof results !== "string") {
    for (let at = 0; at < results.results.length; at += BATCH)
      yield fromRows(results.results.slice(at, at + BATCH), projectId);
    return;
  }
  for await (const heads of platform.traceHeads({ projectId, startFrom: 0 })) {
    for (let at = 0; at < heads.length; at += BATCH) {
      const traces = await platform.traceRead({ projectId, heads: heads.slice(at, at + BATCH) });
      yield traces.map(fromFeedback);
    }
  }
}

/** Enters a batch into the ledger, decides what is new and records it. Returns what went wrong. */
async function takeThrough(
  { store, loopId, history }: OpenLoop,
  options: ResolvedLoopOptions,
  emitter: LoopEmitter,
  batch: readonly ScoredTrace[],
  summary: ProcessSummary,
): Promise<unknown[]> {
  const scored = batch.filter(({ scores }) =>
    scores.some(({ key, score }) => score !== null && thresholdFor(options.threshold, key) !== undefined),
  );
  summary.unscored += batch.length - scored.length;
  if (scored.length === 0) return [];
  const byId = new Map(scored.map((item) => [item.trace.id, item]));
  const dueAt = store.now() + NOT_FOR_OTHERS_MS;
  // The times come from the trace alone, so that rows in memory and the same runs on the platform are one state.
  const heads = scored.map(({ trace: { id, root } }) => ({
    traceId: id,
    startAt: root.startAt,
    rootEndAt: root.endAt,
    changedAt: root.endAt ?? root.startAt,
    clock: "sender" as const,
    dueAt,
  }));
  await store.ledgerEnrol({ loopId, heads });
  const leaseToken = newId();
  const traceIds = [...byId.keys()];
  const claims = await store.ledgerClaim({ loopId, limit: BATCH, leaseMs: LEASE_MS, leaseToken, traceIds });
  const claimed = claims.map((claim) => claim.traceId);
  using leases = holdLeases(store, { loopId, traceIds: claimed, leaseToken, leaseMs: LEASE_MS });
  const record = createRecorder(store);
  const problems: unknown[] = [];
  const decideOne = async (claim: LedgerClaim): Promise<void> => {
    const { trace: read, scores } = byId.get(claim.traceId)!;
    const trace = { ...read, revision: claim.revision };
    const { verdict, failure, deliveries, secrets } = await decide({
      loopId,
      trace,
      run: toRuns(trace).get(trace.root.id)!,
      revision: claim.revision,
      judgement: { scores, problems: [] },
      options: {
        ...options,
        writeScores: false,
        cluster: (one) => options.cluster(one) ?? stableId("inputs", JSON.stringify(one.root.inputs)),
      },
      now: store.now(),
      knowledge: history.knowledge(),
    });
    if (secrets.size > 0) await store.secretPut({ secrets });
    if (!(await record({ verdict, leaseToken, deliveries }))) return;
    history.note(trace, failure);
    summary.judged += 1;
    if (failure) summary.failures += 1;
    emitter.emit("trace:judged", { verdict });
    if (failure) emitter.emit("failure:detected", { failure, deliveries });
  };
  await mapWithLimit(claims, options.concurrency, async (claim) => {
    const { traceId } = claim;
    try {
      await decideOne(claim);
    } catch (error) {
      problems.push(error);
      // Given back at once: the caller may repeat the call as soon as it has seen the error.
      const reason = "processing an experiment's results failed";
      await store.ledgerRelease({ loopId, traceId, leaseToken, state: "settling", reason, dueAt, attempted: false });
    } finally {
      leases.done(traceId);
    }
  });
  return problems;
}
