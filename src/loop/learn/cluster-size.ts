import { outcomeCorrelation } from "../../pattern/mine/design-effect.ts";
import type { Store } from "../../store/store.ts";

/** What dependence is estimated from. */
const WINDOW_MS = 24 * 3_600_000;
/** Fewer clusters say nothing about how alike their runs are. */
const LEAST_CLUSTERS = 20;

/**
 * For how many runs one run of a cluster stands, from the last day: `1 + rho (m - 1)`, with rho the correlation of failing within
 * clusters (see `designEffects`) and m the size of the cluster that a run is in on average (Kish, Survey Sampling, 1965). 1 where
 * runs do not name clusters, or fail as if they did not.
 */
export async function clusterSizeOf(store: Store, loopId: string): Promise<number> {
  const now = store.now();
  const moments = await store.verdictClusters({ loopId, from: now - WINDOW_MS, to: now + 1 });
  const { clusters, runs, failures, sizeSquared } = moments;
  if (clusters < LEAST_CLUSTERS) return 1;
  const { failingSize, failingSquared } = moments;
  const rho = outcomeCorrelation({ clusters, sizeSquared, failingSize, failingSquared }, failures, runs);
  return 1 + rho * (sizeSquared / runs - 1);
}
