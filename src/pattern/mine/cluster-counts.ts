import type { BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ClusterMoments, Itemset } from "./count-request.ts";
import { eachRow, loadBlocks } from "./itemset-rows.ts";

/** What one share of the runs knows of clusters; those of several shares make `ClusterMoments`, which by themselves do not add up. */
export interface ClusterCounts {
  names: readonly string[];
  /** Per cluster: runs, and failing ones. */
  sizes: Uint32Array;
  failing: Uint32Array;
  /** Runs without a cluster, and failing ones. */
  alone: number;
  aloneFailing: number;
  /** Per candidate: the clusters it occurs in, in how many of their runs, and in how many runs without a cluster. */
  matching: readonly { clusters: Uint32Array; runs: Uint32Array; alone: number }[];
}

export function clusterCounts(kernel: Kernel, table: BitTable, candidates: readonly Itemset[]): ClusterCounts {
  const numberOf = new Map<string, number>();
  const sizes: number[] = [];
  const failing: number[] = [];
  let [alone, aloneFailing] = [0, 0];
  const matching = candidates.map(() => ({ runs: new Map<number, number>(), alone: 0 }));
  for (const side of ["failing", "passing"] as const) {
    const failed = side === "failing" ? 1 : 0;
    for (const block of table[side]) {
      const clusters = Int32Array.from({ length: block.rows }, (_, row) => {
        const name = block.clusters?.[row] ?? null;
        if (name === null) {
          alone += 1;
          aloneFailing += failed;
          return -1;
        }
        const cluster = numberOf.get(name) ?? numberOf.size;
        numberOf.set(name, cluster);
        sizes[cluster] = (sizes[cluster] ?? 0) + 1;
        failing[cluster] = (failing[cluster] ?? 0) + failed;
        return cluster;
      });
      const { conjunction, memory } = loadBlocks(kernel, [block], [...new Set(candidates.flat())]);
      candidates.forEach((itemset, index) => {
        const counts = matching[index] as (typeof matching)[number];
        eachRow(memory, conjunction(itemset), block.stride, (row) => {
          const cluster = clusters[row] ?? -1;
          if (cluster < 0) counts.alone += 1;
          else counts.runs.set(cluster, (counts.runs.get(cluster) ?? 0) + 1);
        });
      });
    }
  }
  return {
    names: [...numberOf.keys()],
    sizes: Uint32Array.from(sizes),
    failing: Uint32Array.from(failing),
    alone,
    aloneFailing,
    matching: matching.map((counts) => ({
      clusters: Uint32Array.from(counts.runs.keys()),
      runs: Uint32Array.from(counts.runs.values()),
      alone: counts.alone,
    })),
  };
}

/** The moments of all runs, clusters that lie in several shares included. */
export function mergeClusterCounts(shares: readonly ClusterCounts[]): ClusterMoments {
  const numberOf = new Map<string, number>();
  const places = shares.map(({ names }) =>
    Uint32Array.from(names, (name) => {
      const cluster = numberOf.get(name) ?? numberOf.size;
      numberOf.set(name, cluster);
      return cluster;
    }),
  );
  const sizes = new Float64Array(numberOf.size);
  const failing = new Float64Array(numberOf.size);
  shares.forEach((share, at) => {
    share.sizes.forEach((size, index) => {
      const cluster = places[at]?.[index] ?? 0;
      sizes[cluster] = (sizes[cluster] ?? 0) + size;
      failing[cluster] = (failing[cluster] ?? 0) + (share.failing[index] ?? 0);
    });
  });
  const sum = (of: (share: ClusterCounts) => number): number => shares.reduce((total, share) => total + of(share), 0);
  const products = (a: Float64Array, b: Float64Array): number =>
    a.reduce((total, x, at) => total + x * (b[at] ?? 0), 0);
  const [alone, aloneFailing] = [sum((share) => share.alone), sum((share) => share.aloneFailing)];
  const candidates = shares[0]?.matching.length ?? 0;
  const moments: ClusterMoments = {
    clusters: numberOf.size,
    sizeSquared: alone + products(sizes, sizes),
    failingSize: aloneFailing + products(failing, sizes),
    failingSquared: aloneFailing + products(failing, failing),
    matchingSquared: new Float64Array(candidates),
    matchingSize: new Float64Array(candidates),
  };
  for (let index = 0; index < candidates && numberOf.size > 0; index += 1) {
    const runs = new Map<number, number>();
    shares.forEach(({ matching }, at) => {
      matching[index]?.clusters.forEach((cluster, place) => {
        const whole = places[at]?.[cluster] ?? 0;
        runs.set(whole, (runs.get(whole) ?? 0) + (matching[index]?.runs[place] ?? 0));
      });
    });
    const single = sum(({ matching }) => matching[index]?.alone ?? 0);
    let [squared, size] = [single, single];
    for (const [cluster, x] of runs) {
      squared += x * x;
      size += x * (sizes[cluster] ?? 0);
    }
    moments.matchingSquared[index] = squared;
    moments.matchingSize[index] = size;
  }
  return moments;
}
