import type { Verdict } from "../../model/verdict.ts";
import type { Platform } from "../../platform/platform.ts";
import type { DatasetSource } from "../../remedy/dataset.ts";
import type { Store } from "../../store/store.ts";

const READ_BATCH = 100;
const MAX_VERDICTS = 5_000;

/** The decided traces of a window, with the inputs they had: what a remedy makes its dataset from. */
export async function datasetSources(
  from: { store: Store; platform: Platform; loopId: string; projectId: string },
  window: { from: number; to: number },
): Promise<DatasetSource[]> {
  const { store, platform, loopId, projectId } = from;
  const verdicts = await store.verdictList({ loopId, ...window, outcomes: ["pass", "fail"], limit: MAX_VERDICTS });
  const sources: DatasetSource[] = [];
  for (let at = 0; at < verdicts.length; at += READ_BATCH) {
    const batch = verdicts.slice(at, at + READ_BATCH);
    const traces = await platform.traceRead({ projectId, heads: batch.map(headOf) });
    const byId = new Map(traces.map((trace) => [trace.id, trace]));
    for (const verdict of batch) {
      const trace = byId.get(verdict.traceId);
      if (!trace) continue;
      sources.push({
        traceId: trace.id,
        runId: trace.root.id,
        at: verdict.traceStartAt,
        failed: verdict.outcome === "fail",
        inputs: trace.root.inputs,
        features: verdict.features,
        cluster: verdict.cluster,
      });
    }
  }
  return sources;
}

function headOf(verdict: Verdict): { traceId: string; startAt: number; rootEndAt: number; changedAt: number } {
  const { traceId, traceStartAt } = verdict;
  return { traceId, startAt: traceStartAt, rootEndAt: traceStartAt, changedAt: verdict.decidedAt };
}
