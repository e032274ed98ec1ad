import type { Counts } from "./fisher.ts";
import { logGamma } from "./log-gamma.ts";

/**
 * ln e-value against "matching runs fail no more often than the others" from one two-by-two table of fresh data, for each
 * of the odds ratios betted on: given the table's margins, the probability of the failing matches at odds ratio w
 * (Fisher's noncentral hypergeometric) over their probability at 1. Its expected value is at most 1 for every true odds
 * ratio up to 1, so sums over disjoint windows are ln e-processes and may be looked at after each (the exact conditional
 * form of the two-sample e-values of Turner, Ly & Gruenwald, arXiv 2106.02693). 0 where a margin is empty.
 */
export function tableLogBets(counts: Counts, ratios: readonly number[]): number[] {
  const even = logNormaliser(counts, 1);
  return ratios.map((ratio) => counts.failing * Math.log(ratio) - logNormaliser(counts, ratio) + even);
}

/** ln of the sum over x of g(x) ratio^x, g being the hypergeometric weight up to a constant of the margins. */
function logNormaliser({ failing, failures, passing, passes }: Counts, ratio: number): number {
  const matching = failing + passing;
  const lowest = Math.max(0, matching - passes);
  const highest = Math.min(matching, failures);
  const step = (x: number): number =>
    (ratio * (failures - x) * (matching - x)) / ((x + 1) * (passes - matching + x + 1));
  const mode = firstFall(lowest, highest, step);
  const weight =
    logGamma(mode + 1) +
    logGamma(failures - mode + 1) +
    logGamma(matching - mode + 1) +
    logGamma(passes - matching + mode + 1);
  // Outwards from the largest term, so nothing overflows and the rest can be cut off.
  let sum = 1;
  for (let x = mode, term = 1; x < highest && term > sum * 1e-17; x += 1) sum += term *= step(x);
  for (let x = mode, term = 1; x > lowest && term > sum * 1e-17; x -= 1) sum += term /= step(x - 1);
  return mode * Math.log(ratio) - weight + Math.log(sum);
}

/** The smallest x whose successor weighs less; the ratio of successive weights falls in x, so bisection finds it. */
function firstFall(lowest: number, highest: number, step: (x: number) => number): number {
  let low = lowest;
  let high = highest;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (step(middle) > 1) low = middle + 1;
    else high = middle;
  }
  return low;
}
