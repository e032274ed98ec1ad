import { normalQuantile } from "./normal.ts";

/** A rater's record against the truth: of `of` items of one class it judged `agreed` rightly. */
export interface RaterRecord {
  agreed: number;
  of: number;
}

export interface RaterSkill {
  /** On items that are positive. */
  sensitivity: RaterRecord;
  /** On items that are negative. */
  specificity: RaterRecord;
}

export interface CorrectedRate {
  estimate: number;
  low: number;
  high: number;
}

/** The true share of positives behind a judged one, not kept within [0, 1] (Rogan & Gladen 1978). */
export function trueShare(judged: number, sensitivity: number, specificity: number): number {
  return (judged + specificity - 1) / (sensitivity + specificity - 1);
}

/**
 * The true rate of positives behind a fallible rater's: (p + specificity - 1) / (sensitivity + specificity - 1) (Rogan &
 * Gladen, American Journal of Epidemiology 1978), within [0, 1]. The interval is Lang & Reiczigel's (Preventive
 * Veterinary Medicine 2014) as recommended for language-model judges by Lee et al. (arXiv 2511.21140, 2026): a delta
 * method on smoothed counts that carries the noise of the judged set and of both calibration classes.
 *
 * `NaN` throughout for a rater that is no better than chance (sensitivity + specificity not above 1): it says nothing.
 *
 * @param judged `positive` of `total` items were judged positive
 * @param alpha chance that the interval misses, both sides together
 */
export function correctedRate(
  judged: { positive: number; total: number },
  { sensitivity, specificity }: RaterSkill,
  alpha = 0.05,
): CorrectedRate {
  const plainSkill = sensitivity.agreed / sensitivity.of + specificity.agreed / specificity.of - 1;
  if (!(plainSkill > 0)) return { estimate: Number.NaN, low: Number.NaN, high: Number.NaN };
  const [plainSe, plainSp] = [sensitivity.agreed / sensitivity.of, specificity.agreed / specificity.of];
  const estimate = clip(trueShare(judged.positive / judged.total, plainSe, plainSp));
  const z = normalQuantile(1 - alpha / 2);
  const n = judged.total + z * z;
  const p = (judged.positive + (z * z) / 2) / n;
  const [ofPositive, ofNegative] = [sensitivity.of + 2, specificity.of + 2];
  const [se, sp] = [(sensitivity.agreed + 1) / ofPositive, (specificity.agreed + 1) / ofNegative];
  const skill = se + sp - 1;
  const theta = trueShare(p, se, sp);
  const [varSe, varSp] = [(se * (1 - se)) / ofPositive, (sp * (1 - sp)) / ofNegative];
  const shift = 2 * z * z * (theta * varSe - (1 - theta) * varSp);
  const error = Math.sqrt((p * (1 - p)) / n + (1 - theta) ** 2 * varSp + theta ** 2 * varSe) / skill;
  return { estimate, low: clip(theta + shift - z * error), high: clip(theta + shift + z * error) };
}

/**
 * How to split `budget` labels between positive and negative items so that the corrected rate's interval gets shortest
 * (Lee et al., algorithm 1), from a pilot of `pilot.each` labels in either class.
 *
 * @param positiveShare share of items judged positive
 */
export function allocateLabels(
  budget: number,
  positiveShare: number,
  pilot: { sensitivity: number; specificity: number; each: number },
): { positive: number; negative: number } {
  const { sensitivity, specificity, each } = pilot;
  const ratio = (each * (1 - specificity) + 1) / (each * (1 - sensitivity) + 1);
  const wanted = positiveShare <= 0 ? 0 : budget / (1 + (1 / positiveShare - 1) * Math.sqrt(ratio));
  const positive = Math.max(each, Math.min(budget - each, Math.round(wanted)));
  return { positive, negative: budget - positive };
}

function clip(rate: number): number {
  return Math.max(0, Math.min(1, rate));
}
