import { LoopsmithError } from "../model/errors.ts";
import type { Store } from "../store/store.ts";
import type { LoopPattern, LoopPatternReport } from "./loop-patterns.ts";

/** A failing trace that shows a pattern. */
export interface Exemplar {
  traceId: string;
  /** Epoch ms. */
  startAt: number;
  key: string | null;
  score: number | null;
  threshold: number | null;
  comment: string | null;
  /** Name of the span that was blamed. */
  culprit: string | null;
}

/** The newest verdicts of these traces, in the order given; traces without one are left out. */
export async function exemplarsOf(store: Store, loopId: string, traceIds: readonly string[]): Promise<Exemplar[]> {
  if (traceIds.length === 0) return [];
  const verdicts = await store.verdictList({ loopId, traceIds, limit: traceIds.length });
  const byTrace = new Map(verdicts.map((verdict) => [verdict.traceId, verdict]));
  return traceIds.flatMap((traceId): Exemplar[] => {
    const verdict = byTrace.get(traceId);
    if (!verdict) return [];
    const { traceStartAt: startAt, key, score, threshold, comment, attribution } = verdict;
    return [{ traceId, startAt, key, score, threshold, comment, culprit: attribution?.culprit?.name ?? null }];
  });
}

/**
 * The pattern of a report with this id, or an unambiguous beginning of it.
 * @throws LoopsmithError `not_found`, or `invalid` when several begin so
 */
export function findPattern(report: LoopPatternReport, id: string): LoopPattern {
  const found = report.patterns.filter((pattern) => pattern.id.startsWith(id));
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new LoopsmithError(
    found.length > 1 ? "invalid" : "not_found",
    `${found.length || "no"} patterns of this window begin with "${id}"`,
    { hint: "List the window's patterns with their ids first; another window has other patterns." },
  );
}
