import { clopperPearsonLower, clopperPearsonUpper } from "../internal/statistics/binomial.ts";
import { correctedRate, type CorrectedRate } from "../internal/statistics/rogan-gladen.ts";
import { LoopsmithError } from "../model/errors.ts";
import { judgeRates } from "../model/judge-error.ts";
import type { JudgeError, JudgeRates } from "../model/judge-error.ts";

/** By how much a judge shrinks every difference of true rates. */
export interface JudgeSkill extends JudgeRates {
  /** Sensitivity + specificity - 1: 1 is perfect, 0 a coin. */
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
  const { failing, passing } = judge;
  const rates = judgeRates(judge);
  const bound = (of: typeof clopperPearsonLower): number =>
    of(failing.agreed, failing.of, alpha / 4) + of(passing.agreed, passing.of, alpha / 4) - 1;
  return {
    ...rates,
    skill: rates.sensitivityToFailures + rates.specificity - 1,
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
  const { failing, passing } = judge;
  // A pass rate: to this formula "positive" is what is counted, which is the passes here.
  const rate = correctedRate({ positive: share * total, total }, { sensitivity: passing, specificity: failing }, alpha);
  if (Number.isNaN(rate.estimate)) {
    throw new LoopsmithError("invalid", "The judge agrees with people no more often than a coin.", {
      hint: "Improve the judge until the shares of failures it fails and of passes it passes add up to more than 1.",
    });
  }
  return rate;
}
