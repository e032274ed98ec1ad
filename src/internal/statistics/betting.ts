/** The rate whose odds are `ratio` times the odds of `rate`; stays inside 0 to 1 for every ratio. */
export function atOdds(rate: number, ratio: number): number {
  return (ratio * rate) / (1 - rate + ratio * rate);
}

/** Rates this close to 0 or 1 are moved inside, so that one impossible outcome cannot make a bet infinite. */
const EDGE = 1e-9;

/** `rate` moved inside the open interval from 0 to 1. */
export function insideUnit(rate: number): number {
  return Math.min(1 - EDGE, Math.max(EDGE, rate));
}

/**
 * ln of the capital won by betting on `alternative` against `nullRate` over a batch of runs: the likelihood ratio
 * `(p1/p0)^failing ((1 - p1)/(1 - p0))^(total - failing)`. Each run's factor equals `1 + l (x - p0)` with
 * `l = (p1 - p0) / (p0 (1 - p0))`, the bet of Waudby-Smith & Ramdas (JRSS-B 2024), so its expected value is at most 1 for
 * *every* rate on the null side of p0 (at most p0 when p1 > p0, at least p0 when p1 < p0), given anything that came before:
 * products over time are supermartingales.
 */
export function logBet(failing: number, total: number, nullRate: number, alternative: number): number {
  return failing * Math.log(alternative / nullRate) + (total - failing) * Math.log((1 - alternative) / (1 - nullRate));
}
