import { incompleteBeta } from "./incomplete-beta.ts";

export interface McNemar {
  /** Exact two-sided p, as statsmodels' `mcnemar(table, exact=True)`. */
  p: number;
  /** Exact one-sided p of "wins are not more likely than losses". */
  pGreater: number;
}

/**
 * McNemar's exact test (Psychometrika 1947): given how many pairs disagree, each is a win or a loss with probability
 * 1/2 under the null. Pairs that agree say nothing. For one look at a number of pairs chosen beforehand; for looking
 * again and again use `createBettingTest`.
 */
export function mcnemar(wins: number, losses: number): McNemar {
  const least = Math.min(wins, losses);
  return { p: Math.min(1, 2 * atLeast(wins + losses - least, least)), pGreater: atLeast(wins, losses) };
}

/** P(at least `heads` heads in `heads + tails` tosses of a fair coin), with the digits of a small tail kept. */
function atLeast(heads: number, tails: number): number {
  return heads === 0 ? 1 : incompleteBeta(0.5, heads, tails + 1);
}
