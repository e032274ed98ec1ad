import { incompleteBeta, logBeta } from "./incomplete-beta.ts";

/** An interval for a rate that holds at every sample size at once. */
export interface RateInterval {
  /** Observed share; 0 when nothing was seen. */
  rate: number;
  low: number;
  high: number;
}

/**
 * Confidence sequence for a rate: with probability at least `confidence` the true rate lies inside at *every* sample size,
 * so it may be looked at after each run and acted on. Inverts Robbins' beta-binomial mixture martingale (Ann. Math.
 * Statist. 1970) with Jeffreys' prior Beta(1/2, 1/2): a rate r stays inside while
 * `B(1/2 + k, 1/2 + n - k) / B(1/2, 1/2) / (r^k (1 - r)^(n - k)) < 1 / (1 - confidence)` (Ville's inequality).
 * Needs of the data only that each run fails with the same chance given all before it.
 */
export function confidenceSequence(failing: number, total: number, confidence = 0.95): RateInterval {
  if (total <= 0) return { rate: 0, low: 0, high: 1 };
  const rate = failing / total;
  const passing = total - failing;
  const evidence = logBeta(0.5 + failing, 0.5 + passing) - Math.log(Math.PI) + Math.log(1 - confidence);
  const inside = (r: number): boolean => {
    const likelihood = (failing > 0 ? failing * Math.log(r) : 0) + (passing > 0 ? passing * Math.log1p(-r) : 0);
    return evidence < likelihood;
  };
  return { rate, low: rate - boundary(inside, rate, 0), high: rate + boundary(inside, rate, 1) };
}

/**
 * Whether a rate has been shown to be below `bound`, with error probability at most `1 - confidence` over all sample sizes
 * at once, so that it may be asked after every run. One-sided and therefore quicker than `confidenceSequence(...).high < bound`:
 * Jeffreys' prior is cut off at the bound, so all capital is bet on rates below it. With k of n failing the capital is
 * `B(1/2 + k, 1/2 + n - k) I_r(1/2 + k, 1/2 + n - k) / (B(1/2, 1/2) I_r(1/2, 1/2) r^k (1 - r)^(n - k))` at `r = bound`, a
 * supermartingale for every true rate from the bound up (Robbins 1970; Ville's inequality).
 */
export function isRateBelow(failing: number, total: number, bound: number, confidence = 0.95): boolean {
  if (total <= 0 || failing >= total * bound) return false;
  if (bound >= 1) return true;
  const [a, b] = [0.5 + failing, 0.5 + total - failing];
  const likelihood = (failing > 0 ? failing * Math.log(bound) : 0) + (total - failing) * Math.log1p(-bound);
  const cut = Math.log(incompleteBeta(bound, a, b)) - Math.log(incompleteBeta(bound, 0.5, 0.5));
  return logBeta(a, b) - Math.log(Math.PI) + cut - likelihood >= -Math.log(1 - confidence);
}

/**
 * Upper end of the one-sided confidence sequence that `isRateBelow` asks about: with probability at least `confidence` the
 * true rate is below it at every sample size at once. 1 when nothing was seen.
 */
export function rateUpperBound(failing: number, total: number, confidence = 0.95): number {
  if (total <= 0 || failing >= total) return 1;
  const rate = failing / total;
  return rate + boundary((r) => !isRateBelow(failing, total, r, confidence), rate, 1);
}

/** How far from `rate` towards `end` the sequence still contains: bisection over the distance. */
function boundary(inside: (r: number) => boolean, rate: number, end: 0 | 1): number {
  const span = Math.abs(end - rate);
  const at = (distance: number): number => (end === 1 ? rate + distance : rate - distance);
  let near = 0;
  let far = span;
  for (let step = 0; step < 60 && far - near > 1e-12; step += 1) {
    const middle = (near + far) / 2;
    if (inside(at(middle))) near = middle;
    else far = middle;
  }
  // The outer end, so that rounding can only widen the interval.
  return far;
}
