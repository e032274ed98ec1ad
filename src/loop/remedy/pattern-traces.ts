import { hashShare } from "../../internal/hash-share.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { matchesPattern, type Predicate } from "../../model/pattern.ts";
import type { Trace } from "../../model/trace.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { Platform } from "../../platform/platform.ts";
import type { DatasetSource } from "../../remedy/dataset.ts";
import type { ExperimentPlatform } from "../../remedy/experiment-platform.ts";
import type { FailureNote } from "../../remedy/proposer.ts";
import type { Store } from "../../store/store.ts";

const PAGE = 5_000;
const READ_BATCH = 100;
/** Traces read at most of either kind: an even sample of what there is. */
const MOST_READ = 1_200;

export interface PatternTraces {
  /** Failing traces with the pattern, and passing ones to choose controls from. */
  sources: DatasetSource[];
  /** Why the failing ones failed. */
  notes: FailureNote[];
  /** What was blamed in them, the most frequent first. */
  culprits: { name: string; share: number }[];
}

export interface PatternTracesFrom {
  store: Store;
  platform: Platform;
  experiments: ExperimentPlatform;
  loopId: string;
  projectId: string;
}

/** The decided traces of a window that speak of a pattern, with the inputs they had and what reviewers corrected. */
export async function patternTraces(
  from: PatternTracesFrom,
  window: { from: number; to: number },
  predicates: readonly Predicate[],
): Promise<PatternTraces> {
  const failing: Verdict[] = [];
  const passing: Verdict[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { loopId } = from;
    const page = await from.store.verdictList({ loopId, ...window, outcomes: ["pass", "fail"], limit: PAGE, offset });
    for (const verdict of page) {
      if (verdict.outcome === "pass") passing.push(verdict);
      else if (matchesPattern(verdict.features, predicates)) failing.push(verdict);
    }
    if (page.length < PAGE) break;
  }
  const found: PatternTraces = { sources: [], notes: [], culprits: culpritsOf(failing) };
  const chosen = [...sampled(failing), ...sampled(passing)];
  for (let at = 0; at < chosen.length; at += READ_BATCH)
    await readBatch(from, chosen.slice(at, at + READ_BATCH), found);
  return found;
}

async function readBatch(from: PatternTracesFrom, batch: readonly Verdict[], found: PatternTraces): Promise<void> {
  const { platform, experiments, projectId } = from;
  const traces = await platform.traceRead({ projectId, heads: batch.map(headOf) });
  const byId = new Map(traces.map((trace) => [trace.id, trace]));
  const failed = batch.flatMap(({ traceId, outcome }) => (outcome === "fail" ? (byId.get(traceId) ?? []) : []));
  const corrections = await correctionsOf(experiments, failed);
  for (const verdict of batch) {
    const trace = byId.get(verdict.traceId);
    if (!trace) continue;
    const { root } = trace;
    const correction = corrections.get(root.id);
    found.sources.push({
      traceId: trace.id,
      runId: root.id,
      at: verdict.traceStartAt,
      failed: verdict.outcome === "fail",
      inputs: root.inputs,
      features: verdict.features,
      cluster: verdict.cluster,
      ...(correction && { correction }),
    });
    if (verdict.outcome !== "fail") continue;
    const { key, score, comment, attribution } = verdict;
    found.notes.push({
      traceId: trace.id,
      outputs: root.outputs,
      key: key ?? "",
      score: score ?? 0,
      comment,
      attribution,
    });
  }
}

/** By root span: the newest correction a reviewer gave. */
async function correctionsOf(
  experiments: ExperimentPlatform,
  traces: readonly Trace[],
): Promise<Map<string, JsonObject>> {
  if (traces.length === 0) return new Map();
  const outputs = new Map(traces.map(({ root }) => [root.id, root.outputs]));
  const feedback = await experiments.feedbackList({ runIds: [...outputs.keys()] });
  return new Map(
    feedback.flatMap(({ runId, correction }): [string, JsonObject][] => {
      const whole = asOutputs(correction, outputs.get(runId) ?? null);
      return whole ? [[runId, whole]] : [];
    }),
  );
}

/** A correction that is a text alone stands for the one field of the outputs, where they have just one. */
function asOutputs(correction: Json, outputs: JsonObject | null): JsonObject | null {
  if (isJsonObject(correction)) return correction;
  const [field, ...others] = Object.keys(outputs ?? {});
  if (typeof correction !== "string" || correction === "" || field === undefined || others.length > 0) return null;
  return { [field]: correction };
}

function culpritsOf(failing: readonly Verdict[]): PatternTraces["culprits"] {
  const counts = new Map<string, number>();
  for (const { attribution } of failing) {
    const name = attribution?.culprit?.name;
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, share: count / failing.length }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 5);
}

/** The same traces are chosen again as long as they are there, so that a dataset made twice is the same. */
function sampled(verdicts: readonly Verdict[]): Verdict[] {
  if (verdicts.length <= MOST_READ) return [...verdicts];
  const place = new Map(verdicts.map(({ traceId }) => [traceId, hashShare("remedy sources", traceId)]));
  return verdicts.toSorted((a, b) => (place.get(a.traceId) ?? 0) - (place.get(b.traceId) ?? 0)).slice(0, MOST_READ);
}

function headOf(verdict: Verdict): { traceId: string; startAt: number; rootEndAt: number; changedAt: number } {
  const { traceId, traceStartAt } = verdict;
  return { traceId, startAt: traceStartAt, rootEndAt: traceStartAt, changedAt: verdict.decidedAt };
}
