import type { Counts } from "./fisher.ts";

export interface RiskRatio {
  /** Failure rate of matching runs over the failure rate of the others. Always finite. */
  ratio: number;
  low: number;
  high: number;
}

/** 97.5% point of the standard normal. */
const Z95 = 1.959963984540054;

/**
 * Risk ratio with its Katz log interval (Katz et al., Biometrics 1978). Where a cell the logarithm needs is empty, half a
 * run is added to both failing cells and one to both totals, so that the ratio stays finite.
 * `variance` stretches the interval where runs are clustered: the design effect, 1 when independent.
 */
export function riskRatio({ failing, failures, passing, passes }: Counts, z = Z95, variance = 1): RiskRatio {
  let matchingFailing = failing;
  let matching = failing + passing;
  let otherFailing = failures - failing;
  let others = otherFailing + passes - passing;
  if (matchingFailing === 0 || otherFailing === 0) {
    matchingFailing += 0.5;
    otherFailing += 0.5;
    matching += 1;
    others += 1;
  }
  const ratio = matchingFailing / matching / (otherFailing / others);
  const spread = z * Math.sqrt(variance * (1 / matchingFailing - 1 / matching + 1 / otherFailing - 1 / others));
  return { ratio, low: ratio * Math.exp(-spread), high: ratio * Math.exp(spread) };
}
