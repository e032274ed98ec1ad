import { clopperPearsonLower, clopperPearsonUpper } from "../internal/statistics/binomial.ts";
import { normalQuantile } from "../internal/statistics/normal.ts";
import { LoopsmithError } from "../model/errors.ts";

/** How often the judge agrees with people, as counted on a calibration set. */
export interface JudgeError {
  /** Of `of` outputs people called good, the judge passed `agreed`. Their share is the true positive rate. */
  good: { agreed: number; of: number };
  /** Of `of` outputs people called bad, the judge failed `agreed`. Their share is the true negative rate. */
  bad: { agreed: number; of: number };
  /**
   * How far either rate may differ between the baseline's and the candidate's outputs, for example because the candidate
   * writes the way the judge likes. Default 0: the judge errs alike on both.
   */
  drift?: number;
}

/** TPR + TNR - 1, by which a judge shrinks every difference of true rates: 1 is perfect, 0 a coin. */
export interface JudgeSkill {
  truePositiveRate: number;
  trueNegativeRate: number;
  skill: number;
  /** Bounds that miss with probability at most `alpha`, both sides together. */
  low: number;
  high: number;
}

/**
 * The judge's skill with exact bounds: each rate by Clopper-Pearson, each of its ends at a quarter of alpha, added up by
 * Bonferroni.
 * @throws LoopsmithError `invalid` for counts that are no counts
 */
export function judgeSkill(judge: JudgeError, alpha: number): JudgeSkill {
  for (const { agreed, of } of [judge.good, judge.bad]) {
    if (!(of > 0 && agreed >= 0 && agreed <= of)) {
      throw new LoopsmithError("invalid", `The judge's calibration says ${agreed} of ${of}.`, {
        hint: "Count agreements on at least one output people called good and one they called bad.",
      });
    }
  }
  const { good, bad } = judge;
  const [truePositiveRate, trueNegativeRate] = [good.agreed / good.of, bad.agreed / bad.of];
  const bound = (of: typeof clopperPearsonLower): number =>
    of(good.agreed, good.of, alpha / 4) + of(bad.agreed, bad.of, alpha / 4) - 1;
  return {
    truePositiveRate,
    trueNegativeRate,
    skill: truePositiveRate + trueNegativeRate - 1,
    low: bound(clopperPearsonLower),
    high: bound(clopperPearsonUpper),
  };
}

export interface TrueRate {
  estimate: number;
  low: number;
  high: number;
}

/**
 * The true pass rate behind a judged one (Rogan & Gladen, American Journal of Epidemiology 1978), with the interval of
 * Lee et al. (arXiv 2511.21140): smoothed counts and a delta method that carries the noise of both the judged set and
 * the calibration set.
 * @param share judged pass rate over `total` outputs
 * @param alpha chance that the interval misses, both sides together
 * @throws LoopsmithError `invalid` when the judge is no better than a coin
 */
export function trueRate(share: number, total: number, judge: JudgeError, alpha: number): TrueRate {
  const { good, bad } = judge;
  const plain = good.agreed / good.of + bad.agreed / bad.of - 1;
  const z = normalQuantile(1 - alpha / 2);
  const [n, m1, m0] = [total + z * z, good.of + 2, bad.of + 2];
  const p = (total * share + (z * z) / 2) / n;
  const [tpr, tnr] = [(good.agreed + 1) / m1, (bad.agreed + 1) / m0];
  const skill = tpr + tnr - 1;
  if (plain <= 0 || skill <= 0) {
    throw new LoopsmithError("invalid", "The judge agrees with people no more often than a coin.", {
      hint: "Improve the judge until its true positive and true negative rates add up to more than 1.",
    });
  }
  const centre = (p + tnr - 1) / skill;
  const [goodNoise, badNoise] = [(tpr * (1 - tpr)) / m1, (tnr * (1 - tnr)) / m0];
  const shift = 2 * z * z * (centre * goodNoise - (1 - centre) * badNoise);
  const spread = Math.sqrt((p * (1 - p)) / n + (1 - centre) ** 2 * badNoise + centre ** 2 * goodNoise) / skill;
  return {
    estimate: clip((share + bad.agreed / bad.of - 1) / plain),
    low: clip(centre + shift - z * spread),
    high: clip(centre + shift + z * spread),
  };
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}
