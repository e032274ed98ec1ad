import { LoopsmithError } from "../model/errors.ts";
import type { Counts } from "../internal/statistics/fisher.ts";
import { trueShare } from "../internal/statistics/rogan-gladen.ts";
import type { RiskRatio } from "../internal/statistics/risk-ratio.ts";

/** How often the judge is right, from calibration against human labels. "Positive" is "failed". */
export interface JudgeError {
  /** Share of truly failing runs that the judge fails (TPR). */
  truePositiveRate: number;
  /** Share of truly passing runs that the judge passes (TNR). */
  trueNegativeRate: number;
  /** Labelled failing and passing runs behind the two rates; widens the interval. Absent: the rates count as exact. */
  labelled?: { failing: number; passing: number };
}

/** True failure rates behind judged ones, and their ratio. */
export interface CorrectedRisk extends RiskRatio {
  /** True failure rate of matching runs, and of the others. */
  matchingRate: number;
  otherRate: number;
}

/** 97.5% point of the standard normal. */
const Z95 = 1.959963984540054;

/**
 * The risk ratio with the judge's errors taken out: each judged rate r becomes (r + TNR - 1) / (TPR + TNR - 1) (Rogan &
 * Gladen, 1978), within [0, 1]; the interval by the delta method on the log, with the calibration's own uncertainty.
 * A judge that errs alike everywhere only pulls the ratio towards 1, so p and q need no correction. One that errs more on
 * the matching runs cannot be corrected from two overall rates: check such a pattern on runs a person has labelled.
 *
 * @throws LoopsmithError `invalid` when TPR + TNR is not above 1: such a judge says nothing.
 */
export function correctRisk(
  { failing, failures, passing, passes }: Counts,
  { truePositiveRate, trueNegativeRate, labelled }: JudgeError,
): CorrectedRisk {
  const power = truePositiveRate + trueNegativeRate - 1;
  if (!(power > 0)) {
    throw new LoopsmithError(
      "invalid",
      `a judge with TPR ${truePositiveRate} and TNR ${trueNegativeRate} is no better than chance`,
      {
        hint: "Calibrate the evaluator against human labels, or mine without judge correction.",
      },
    );
  }
  const matching = failing + passing;
  const others = failures + passes - matching;
  const rates = [
    { judged: rate(failing, matching), runs: matching },
    { judged: rate(failures - failing, others), runs: others },
  ].map(({ judged, runs }) => {
    // Kept half a run away from 0 and 1 so that the ratio and its logarithm exist.
    const least = 0.5 / (runs + 1);
    const corrected = Math.min(1 - least, Math.max(least, trueShare(judged, truePositiveRate, trueNegativeRate)));
    return { corrected, variance: variance(judged, runs, corrected) };
  });
  const [a, b] = rates;
  const [matchingRate, otherRate] = [a?.corrected ?? 0, b?.corrected ?? 0];
  const ratio = matchingRate / otherRate;
  const spread = Z95 * Math.sqrt((a?.variance ?? 0) / matchingRate ** 2 + (b?.variance ?? 0) / otherRate ** 2);
  return { ratio, low: ratio * Math.exp(-spread), high: ratio * Math.exp(spread), matchingRate, otherRate };

  /** Var of (r + TNR - 1) / (TPR + TNR - 1): its derivatives are 1, -theta and 1 - theta over the power. */
  function variance(judged: number, runs: number, theta: number): number {
    const sampling = (judged * (1 - judged)) / Math.max(1, runs);
    const positive = labelled ? (truePositiveRate * (1 - truePositiveRate)) / Math.max(1, labelled.failing) : 0;
    const negative = labelled ? (trueNegativeRate * (1 - trueNegativeRate)) / Math.max(1, labelled.passing) : 0;
    return (sampling + theta ** 2 * positive + (1 - theta) ** 2 * negative) / power ** 2;
  }
}

function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
