import type { FeatureValue } from "../../model/pattern.ts";
import type { Score } from "../../model/score.ts";
import type { Trace } from "../../model/trace.ts";
import { DESCRIBED_KINDS, spanKey } from "./span-key.ts";

/** Feedback Loopsmith itself writes back says how the trace was judged, so it must not explain the judgement. */
const OWN_FEEDBACK = /^loopsmith([._-]|$)/;

/**
 * Adds scores as features: `<span>.<key>` is the lowest, with `.mean` and `.last` beside it when the span ran several times; the
 * same over all spans of a kind (`retriever.relevance`). Span names outside `listed` only count for their kind. Feedback on the
 * root (a user's thumb, say) is `feedback.<key>`.
 *
 * What defines failure is left out, or every pattern would be "failing runs have a failing score": the loop's own scores on
 * the root, and root feedback under a key the loop judged on the root (its result from an earlier revision). Scores on other
 * spans stay, also those with a pass mark: "retrieval relevance < 0.5" is the answer people look for.
 */
export function scoreFeatures(
  trace: Trace,
  scores: readonly Score[],
  listed: ReadonlySet<string>,
  features: Record<string, FeatureValue>,
): void {
  const rootId = trace.root.id;
  const judged = new Set(scores.filter((score) => score.spanId === rootId).map((score) => score.key));
  const series = new Map<string, number[]>();
  const add = (feature: string, score: number | null): void => {
    if (score === null) return;
    const known = series.get(feature);
    if (known) known.push(score);
    else series.set(feature, [score]);
  };

  const bySpan = new Map<string, Score[]>();
  for (const score of scores) bySpan.set(score.spanId, [...(bySpan.get(score.spanId) ?? []), score]);
  for (const span of trace.spans) {
    if (span.id === rootId) continue;
    const fresh = bySpan.get(span.id) ?? [];
    const freshKeys = new Set(fresh.map((score) => score.key));
    const recorded = span.scores.filter((score) => !freshKeys.has(score.key) && !OWN_FEEDBACK.test(score.key));
    const names = [spanKey(span)].filter((key) => listed.has(key));
    if (DESCRIBED_KINDS.includes(span.kind)) names.push(span.kind);
    // A retriever that is called "retriever" counts once.
    for (const name of new Set(names)) {
      for (const score of [...fresh, ...recorded]) add(`${name}.${score.key}`, score.score);
    }
  }
  for (const score of trace.root.scores) {
    if (!judged.has(score.key) && !OWN_FEEDBACK.test(score.key)) add(`feedback.${score.key}`, score.score);
  }

  for (const [feature, values] of series) {
    features[feature] = Math.min(...values);
    if (values.length === 1 || feature.startsWith("feedback.")) continue;
    features[`${feature}.mean`] = values.reduce((sum, value) => sum + value, 0) / values.length;
    features[`${feature}.last`] = values.at(-1) ?? null;
  }
}
