import { stirlingError } from "./log-gamma.ts";

/** How often a trait shows among failing and among passing runs. */
export interface Counts {
  /** Failing runs with the trait, of `failures`. */
  failing: number;
  failures: number;
  /** Passing runs with the trait, of `passes`. */
  passing: number;
  passes: number;
}

/**
 * One-sided Fisher exact p: the chance of at least this many failing runs among the matching ones if the trait had
 * nothing to do with failing. Same as scipy's `fisher_exact(table, "greater")`, to about 13 digits; 0 below 1e-308.
 */
export function fisherGreater({ failing, failures, passing, passes }: Counts): number {
  const matching = failing + passing;
  const lowest = Math.max(0, matching - passes);
  const highest = Math.min(matching, failures);
  if (failing <= lowest) return 1;
  const mean = (matching * failures) / (failures + passes);
  if (failing > mean) {
    let term = hypergeometric(failing, failures, passes, matching);
    let sum = 0;
    for (let x = failing; x <= highest && term > sum * 1e-17; x += 1) {
      sum += term;
      term *= ((failures - x) * (matching - x)) / ((x + 1) * (passes - matching + x + 1));
    }
    return Math.min(1, sum);
  }
  // Below the mean the lower tail is the short one.
  let term = hypergeometric(failing - 1, failures, passes, matching);
  let sum = 0;
  for (let x = failing - 1; x >= lowest && term > sum * 1e-17; x -= 1) {
    sum += term;
    term *= (x * (passes - matching + x)) / ((failures - x + 1) * (matching - x + 1));
  }
  return Math.max(0, 1 - sum);
}

/** Standard deviations by which the failing matches exceed what chance gives (the hypergeometric mean and variance). */
export function enrichmentZ({ failing, failures, passing, passes }: Counts): number {
  const [matching, runs] = [failing + passing, failures + passes];
  const variance = (matching * (runs - matching) * failures * passes) / (runs * runs * (runs - 1));
  return variance > 0 ? (failing - (matching * failures) / runs) / Math.sqrt(variance) : 0;
}

/**
 * P(X = x) when `drawn` of `marked + unmarked` are drawn without replacement. A ratio of three binomial terms by Loader's
 * saddle-point expansion ("Fast and accurate computation of binomial probabilities", 2000), which keeps its digits where
 * differences of ln Gamma lose them.
 */
export function hypergeometric(x: number, marked: number, unmarked: number, drawn: number): number {
  const total = marked + unmarked;
  if (x < Math.max(0, drawn - unmarked) || x > Math.min(drawn, marked)) return 0;
  if (drawn === 0 || drawn === total) return 1;
  const share = drawn / total;
  return Math.exp(
    logBinomial(x, marked, share) + logBinomial(drawn - x, unmarked, share) - logBinomial(drawn, total, share),
  );
}

/** ln of the binomial probability of x successes in n, 0 < p < 1. */
function logBinomial(x: number, n: number, p: number): number {
  if (x === 0) return n * Math.log1p(-p);
  if (x === n) return n * Math.log(p);
  const rest = n - x;
  const exponent =
    stirlingError(n) - stirlingError(x) - stirlingError(rest) - deviance(x, n * p) - deviance(rest, n * (1 - p));
  return exponent + 0.5 * Math.log(n / (2 * Math.PI * x * rest));
}

/** x ln(x/m) + m - x, by series where x is close to m and the direct form would cancel. */
function deviance(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x;
  const v = (x - m) / (x + m);
  let sum = (x - m) * v;
  let term = 2 * x * v;
  for (let k = 3; k < 1000; k += 2) {
    term *= v * v;
    const next = sum + term / k;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}
