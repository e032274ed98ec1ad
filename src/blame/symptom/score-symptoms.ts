import type { Evidence } from "../../model/failure.ts";
import { thresholdFor } from "../../model/score.ts";
import type { Score, Threshold } from "../../model/score.ts";
import type { Step } from "../execution-order.ts";

/** Scores below their pass mark, by step. The latest score of a key counts: those given now after those on the span. */
export function scoreSymptoms(steps: readonly Step[], scores: readonly Score[], threshold: Threshold): Evidence[][] {
  const given = new Map<string, Score[]>();
  for (const score of scores) {
    const list = given.get(score.spanId);
    if (list) list.push(score);
    else given.set(score.spanId, [score]);
  }
  return steps.map(({ span, parent }) => {
    // Scores on the root say that the trace failed, not where.
    if (parent < 0) return [];
    const now = given.get(span.id);
    if (!now && span.scores.length === 0) return [];
    const latest = new Map<string, number>();
    for (const { key, score } of [...span.scores, ...(now ?? [])]) if (score !== null) latest.set(key, score);
    return [...latest]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, score]): Evidence[] => {
        const mark = thresholdFor(threshold, key);
        if (mark === undefined || score >= mark) return [];
        const short = Math.min(1, (mark - score) / Math.max(Math.abs(mark), 1e-9));
        return [{ kind: "score", text: `${key} ${round(score)} is below ${round(mark)}`, weight: 0.7 + 0.25 * short }];
      });
  });
}

// --- internal ---

function round(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
