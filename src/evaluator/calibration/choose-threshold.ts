import { clopperPearsonUpper } from "../../internal/statistics/binomial.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { Labelled } from "./labelled.ts";

export interface ChooseThresholdOptions {
  /** At most this share of true failures may score at or above the threshold and so pass unseen. @default 0.1 */
  maxMissed?: number;
  /**
   * - `exact`: the share is bounded with the given confidence (Clopper-Pearson along the sequence of thresholds)
   * - `conformal`: the share is bounded on average over calibration sets (conformal risk control); needs fewer labels
   * @default "exact"
   */
  method?: "exact" | "conformal";
  /** For `exact`. @default 0.95 */
  confidence?: number;
}

export interface ChosenThreshold {
  /** Runs that score strictly below it fail. */
  threshold: number;
  /** Upper bound of the share of failures missed, in the sense of `method`. */
  missedAtMost: number;
  /** Failures missed among the labelled ones. */
  missed: number;
  failures: number;
  /** Passing runs that would fail, among the labelled ones: the price. */
  falseAlarms: number;
  passes: number;
}

/**
 * The lowest threshold (fewest false alarms) that keeps the share of missed failures within bounds. Thresholds are tried
 * from the safest down and the first that cannot be vouched for ends it, so looking at several costs no confidence
 * (fixed sequence testing; Angelopoulos et al., "Learn then Test", 2021; "Conformal Risk Control", 2022).
 *
 * @throws LoopsmithError `invalid` when there are too few labelled failures to vouch for any threshold; says how many it takes
 */
export function chooseThreshold(labelled: readonly Labelled[], options: ChooseThresholdOptions = {}): ChosenThreshold {
  const { maxMissed = 0.1, method = "exact", confidence = 0.95 } = options;
  const failing = labelled.flatMap(({ score, failed }) => (failed ? [score] : [])).sort((a, b) => b - a);
  const bound = (missed: number): number =>
    method === "exact"
      ? clopperPearsonUpper(missed, failing.length, 1 - confidence)
      : (missed + 1) / (failing.length + 1);
  if (failing.length === 0 || bound(0) > maxMissed) {
    const needed =
      method === "exact" ? Math.ceil(Math.log(1 - confidence) / Math.log(1 - maxMissed)) : Math.ceil(1 / maxMissed) - 1;
    throw new LoopsmithError(
      "invalid",
      `${failing.length} labelled failures cannot bound missed failures by ${maxMissed}.`,
      {
        hint: `Label at least ${needed} failures, or allow more to be missed.`,
        details: { failures: failing.length, needed },
      },
    );
  }
  let allowed = 0;
  while (allowed < failing.length && bound(allowed + 1) <= maxMissed) allowed++;
  // The first failure that must be caught; the threshold has to lie above its score, ties included.
  const caught = failing[allowed] ?? Number.NEGATIVE_INFINITY;
  const above = labelled.map(({ score }) => score).filter((score) => score > caught);
  const next = above.length === 0 ? undefined : above.reduce((least, score) => Math.min(least, score));
  const threshold = caught === Number.NEGATIVE_INFINITY ? caught : between(caught, next);
  const missed = failing.filter((score) => score >= threshold).length;
  const passing = labelled.filter(({ failed }) => !failed);
  return {
    threshold,
    missedAtMost: bound(missed),
    missed,
    failures: failing.length,
    falseAlarms: passing.filter(({ score }) => score < threshold).length,
    passes: passing.length,
  };
}

/** Halfway to the next score, or just above the last one. */
function between(score: number, next: number | undefined): number {
  if (next === undefined) return score + Math.max(Number.EPSILON, Math.abs(score) * Number.EPSILON);
  const middle = score + (next - score) / 2;
  return middle > score ? middle : next;
}
