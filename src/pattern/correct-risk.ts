import { LoopsmithError } from "../model/errors.ts";
import { judgeRates } from "../model/judge-error.ts";
import type { JudgeError } from "../model/judge-error.ts";
import type { Counts } from "../internal/statistics/fisher.ts";
import { trueShare } from "../internal/statistics/rogan-gladen.ts";
import type { RiskRatio } from "../internal/statistics/risk-ratio.ts";

/** True failure rates behind judged ones, and their ratio. */
export interface CorrectedRisk extends RiskRatio {
  /** True failure rate of matching runs, and of the others. */
  matchingRate: number;
  otherRate: number;
}

/** 97.5% point of the standard normal. */
const Z95 = 1.959963984540054;

/**
 * The risk ratio with the judge's errors taken out: each judged rate r becomes (r + specificity - 1) / (sensitivity +
 * specificity - 1) (Rogan & Gladen, 1978), within [0, 1]; the interval by the delta method on the log, with the calibration's
 * own uncertainty.
 * A judge that errs alike everywhere only pulls the ratio towards 1, so p and q need no correction. One that errs more on
 * the matching runs cannot be corrected from two overall rates: check such a pattern on runs a person has labelled.
 *
 * @throws LoopsmithError `invalid` for counts that are no counts, and when the two rates do not add up to more than 1: such a
 * judge says nothing.
 */
export function correctRisk({ failing, failures, passing, passes }: Counts, judge: JudgeError): CorrectedRisk {
  const { sensitivityToFailures: sensitivity, specificity } = judgeRates(judge);
  const power = sensitivity + specificity - 1;
  if (!(power > 0)) {
    throw new LoopsmithError(
      "invalid",
      `a judge that fails ${sensitivity} of failures and passes ${specificity} of passes is no better than chance`,
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
    const corrected = Math.min(1 - least, Math.max(least, trueShare(judged, sensitivity, specificity)));
    return { corrected, variance: variance(judged, runs, corrected) };
  });
  const [a, b] = rates;
  const [matchingRate, otherRate] = [a?.corrected ?? 0, b?.corrected ?? 0];
  const ratio = matchingRate / otherRate;
  const spread = Z95 * Math.sqrt((a?.variance ?? 0) / matchingRate ** 2 + (b?.variance ?? 0) / otherRate ** 2);
  return { ratio, low: ratio * Math.exp(-spread), high: ratio * Math.exp(spread), matchingRate, otherRate };

  /** Var of (r + specificity - 1) / power: its derivatives are 1, -theta and 1 - theta over the power. */
  function variance(judged: number, runs: number, theta: number): number {
    const sampling = (judged * (1 - judged)) / Math.max(1, runs);
    const positive = (sensitivity * (1 - sensitivity)) / judge.failing.of;
    const negative = (specificity * (1 - specificity)) / judge.passing.of;
    return (sampling + theta ** 2 * positive + (1 - theta) ** 2 * negative) / power ** 2;
  }
}

function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
