import type { Json } from "./json.ts";

/** One normalised result of one evaluator. `score` `null` means "not applicable": it never fails a trace. */
export interface Score {
  key: string;
  /** Booleans become 1 and 0. */
  score: number | null;
  value?: Json;
  comment?: string;
  /** The span the score is about; the root when the evaluator named none. */
  spanId: string;
  /** Name of the evaluator that gave it. */
  evaluator: string;
  /** Bumping the version re-evaluates nothing by itself but starts a new series. */
  evaluatorVersion: string;
  /** Run id of the evaluator's own trace, when it has one. */
  sourceRunId?: string;
  /** What the call cost, when the evaluator reports it. */
  cost?: { tokens?: number; usd?: number };
}

/** A number for every key, or one number per feedback key. Strictly below fails. */
export type Threshold = number | Readonly<Record<string, number>>;

/** The pass mark for `key`, or `undefined` when the threshold does not speak of it. */
export function thresholdFor(threshold: Threshold, key: string): number | undefined {
  if (typeof threshold === "number") return threshold;
  return Object.hasOwn(threshold, key) ? threshold[key] : undefined;
}

/** The scores strictly below their pass mark, worst (furthest below, relative to the mark) first. */
export function failingScores(scores: readonly Score[], threshold: Threshold): Score[] {
  const short = (score: Score): number => (thresholdFor(threshold, score.key) ?? 0) - (score.score ?? 0);
  return scores
    .filter((score) => {
      const mark = thresholdFor(threshold, score.key);
      return mark !== undefined && score.score !== null && score.score < mark;
    })
    .sort((a, b) => short(b) - short(a) || a.key.localeCompare(b.key));
}
