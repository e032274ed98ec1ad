import type { ClusterMoments, Totals } from "./count-request.ts";

/**
 * How much the variance of each candidate's failing count grows because runs of one cluster are alike: Moulton's factor
 * ("Random group effects and the precision of regression estimates", 1986) in its exact form for unequal clusters,
 *
 *   1 + rho (sum_c (x_c - x N_c)^2 - n (1 - x)) / (n (1 - x))
 *
 * with n matching runs of N, x = n / N, and rho the outcome's correlation within clusters, estimated once from all runs (so it
 * does not depend on the candidate, whose few clusters would say little). A trait spread evenly over clusters costs nothing;
 * one that holds for whole clusters counts about as much as the clusters, not the runs.
 */
export function designEffects(
  moments: ClusterMoments,
  { failures, passes }: Pick<Totals, "failures" | "passes">,
  matching: readonly number[],
): number[] {
  const runs = failures + passes;
  const rho = outcomeCorrelation(moments, failures, runs);
  return matching.map((n, index) => {
    const x = n / runs;
    const independent = n * (1 - x);
    if (independent <= 0) return 1;
    const between =
      (moments.matchingSquared[index] ?? 0) - 2 * x * (moments.matchingSize[index] ?? 0) + x * x * moments.sizeSquared;
    return Math.max(1, 1 + (rho * (between - independent)) / independent);
  });
}

/** Correlation of failing between two runs of a cluster: moment estimate with the C / (C - 1) correction, within [0, 1]. */
export function outcomeCorrelation(
  moments: Pick<ClusterMoments, "clusters" | "sizeSquared" | "failingSize" | "failingSquared">,
  failures: number,
  runs: number,
): number {
  const { clusters, sizeSquared, failingSize, failingSquared } = moments;
  const rate = failures / runs;
  const pairs = sizeSquared - runs;
  const variance = rate * (1 - rate);
  if (clusters < 2 || pairs <= 0 || variance <= 0) return 0;
  const between = ((failingSquared - 2 * rate * failingSize + rate * rate * sizeSquared) * clusters) / (clusters - 1);
  return Math.min(1, Math.max(0, (between - runs * variance) / (pairs * variance)));
}
