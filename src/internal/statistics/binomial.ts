import { incompleteBeta } from "./incomplete-beta.ts";

/** P(X <= successes) for `trials` independent tries at `rate`. */
export function binomialCdf(successes: number, trials: number, rate: number): number {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  return 1 - incompleteBeta(rate, successes + 1, trials - successes);
}

/**
 * One-sided exact upper bound of a rate (Clopper & Pearson, Biometrika 1934): the rate at which `failing` or fewer of
 * `total` would have chance `alpha`. 1 when nothing was seen. Holds for one look at a sample size chosen beforehand;
 * for continuous looking use `confidenceSequence`.
 */
export function clopperPearsonUpper(failing: number, total: number, alpha: number): number {
  if (total <= 0 || failing >= total) return 1;
  if (failing <= 0) return 1 - alpha ** (1 / total);
  return solve((rate) => binomialCdf(failing, total, rate) - alpha, failing / total, 1);
}

/** One-sided exact lower bound of a rate, the mirror of `clopperPearsonUpper`. 0 when nothing was seen. */
export function clopperPearsonLower(failing: number, total: number, alpha: number): number {
  return total <= 0 ? 0 : 1 - clopperPearsonUpper(total - failing, total, alpha);
}

/** Root of a function that falls from positive to negative between `low` and `high`, by bisection to full precision. */
function solve(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let step = 0; step < 100; step += 1) {
    const middle = (a + b) / 2;
    if (middle === a || middle === b) break;
    if (f(middle) > 0) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}
