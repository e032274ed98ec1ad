import type { Counts } from "./fisher.ts";
import type { RiskRatio } from "./risk-ratio.ts";

/** 97.5% point of the standard normal. */
const Z95 = 1.959963984540054;

/**
 * Cochran-Mantel-Haenszel z: how far the failing matches exceed chance when runs are only compared within their stratum, in
 * standard deviations (square root of statsmodels' `StratifiedTable.test_null_odds` without correction, with its sign).
 */
export function mantelHaenszelZ(strata: readonly Counts[]): number {
  let [above, variance] = [0, 0];
  for (const { failing, failures, passing, passes } of strata) {
    const [runs, matching] = [failures + passes, failing + passing];
    if (runs < 2) continue;
    above += failing - (matching * failures) / runs;
    variance += (matching * (runs - matching) * failures * passes) / (runs * runs * (runs - 1));
  }
  return variance > 0 ? above / Math.sqrt(variance) : 0;
}

/**
 * Mantel-Haenszel risk ratio over strata, with the interval of Greenland & Robins (Biometrics 1985). Half a run is added to
 * both failing cells of every stratum where one of the sums would be empty. `variance` stretches the interval for clusters.
 */
export function mantelHaenszelRatio(strata: readonly Counts[], variance = 1): RiskRatio {
  const sums = (extra: number): [number, number, number] => {
    let [matching, others, spread] = [0, 0, 0];
    for (const { failing, failures, passing, passes } of strata) {
      const [a, c] = [failing + extra, failures - failing + extra];
      const [n1, n0] = [failing + passing + 2 * extra, failures + passes - failing - passing + 2 * extra];
      const runs = n1 + n0;
      if (n1 === 0 || n0 === 0) continue;
      matching += (a * n0) / runs;
      others += (c * n1) / runs;
      spread += ((a + c) * n1 * n0 - a * c * runs) / (runs * runs);
    }
    return [matching, others, spread];
  };
  let [matching, others, spread] = sums(0);
  if (matching === 0 || others === 0) [matching, others, spread] = sums(0.5);
  if (matching === 0 || others === 0) return { ratio: 1, low: 0, high: Number.MAX_VALUE };
  const ratio = matching / others;
  const width = Z95 * Math.sqrt((variance * spread) / (matching * others));
  return { ratio, low: ratio * Math.exp(-width), high: ratio * Math.exp(width) };
}
