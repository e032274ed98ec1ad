/**
 * The e-BH procedure (Wang & Ramdas, JRSS-B 2022, arXiv 2009.02824): of K hypotheses with e-values, rejects the k* largest,
 * `k* = max { k : k-th largest >= K / (alpha k) }`. The false discovery rate is at most alpha under *any* dependence between
 * the values. Returns the smallest value that is rejected: compare each with `>=`.
 *
 * On e-detectors this is e-d-BH (Dandapanthula & Ramdas, arXiv 2501.04130). With detectors scaled so that one alone
 * alarms at 1, use `alpha = 1`: when nothing has changed anywhere, the family alarms on at most one occasion per acceptable
 * period, since every alarm takes detectors that sum to their number.
 */
export function eBenjaminiHochberg(values: readonly number[], alpha: number): number {
  const count = values.length;
  const sorted = [...values].sort((a, b) => b - a);
  for (let rank = count; rank >= 1; rank -= 1) {
    const threshold = count / (alpha * rank);
    if ((sorted[rank - 1] ?? 0) >= threshold) return threshold;
  }
  return count > 0 ? count / alpha : Infinity;
}
