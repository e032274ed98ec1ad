import { clopperPearsonLower, clopperPearsonUpper } from "../internal/statistics/binomial.ts";
import { correctedRate, type CorrectedRate } from "../internal/statistics/rogan-gladen.ts";
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

/** A true pass rate with its interval. */
export type TrueRate = CorrectedRate;

/**
 * The true pass rate behind a judged one, with an interval (see `correctedRate`).
 * @param share judged pass rate over `total` outputs
 * @param alpha chance that the interval misses, both sides together
 * @throws LoopsmithError `invalid` when the judge is no better than a coin
 */
export function trueRate(share: number, total: number, judge: JudgeError, alpha: number): TrueRate {
  const { good, bad } = judge;
  const rate = correctedRate({ positive: share * total, total }, { sensitivity: good, specificity: bad }, alpha);
  if (Number.isNaN(rate.estimate)) {
    throw new LoopsmithError("invalid", "The judge agrees with people no more often than a coin.", {
      hint: "Improve the judge until its true positive and true negative rates add up to more than 1.",
    });
  }
  return rate;
}
