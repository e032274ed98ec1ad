import type { BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ClusterMoments, Itemset } from "./count-request.ts";
import { eachRow, loadBlocks } from "./itemset-rows.ts";

/** Sums over clusters, see `ClusterMoments`. A run without a cluster is a cluster of its own. */
export function clusterMoments(kernel: Kernel, table: BitTable, candidates: readonly Itemset[]): ClusterMoments {
  const numberOf = new Map<string, number>();
  const sizes: number[] = [];
  const failures: number[] = [];
  let alone = 0;
  let aloneFailing = 0;
  for (const side of ["failing", "passing"] as const) {
    const failed = side === "failing" ? 1 : 0;
    for (const { rows, clusters } of table[side]) {
      if (clusters === undefined) {
        alone += rows;
        aloneFailing += failed * rows;
        continue;
      }
      for (let row = 0; row < rows; row += 1) {
        const name = clusters[row] ?? null;
        if (name === null) {
          alone += 1;
          aloneFailing += failed;
          continue;
        }
        const cluster = numberOf.get(name) ?? numberOf.size;
        numberOf.set(name, cluster);
        sizes[cluster] = (sizes[cluster] ?? 0) + 1;
        failures[cluster] = (failures[cluster] ?? 0) + failed;
      }
    }
  }
  const moments: ClusterMoments = {
    clusters: numberOf.size,
    sizeSquared: alone + sum(sizes.map((size) => size * size)),
    failingSize: aloneFailing + sum(sizes.map((size, cluster) => size * (failures[cluster] ?? 0))),
    failingSquared: aloneFailing + sum(failures.map((count) => count * count)),
    matchingSquared: new Float64Array(candidates.length),
    matchingSize: new Float64Array(candidates.length),
  };
  if (numberOf.size > 0) addMatching(moments, kernel, table, candidates, numberOf, sizes);
  return moments;
}

function addMatching(
  moments: ClusterMoments,
  kernel: Kernel,
  table: BitTable,
  candidates: readonly Itemset[],
  numberOf: ReadonlyMap<string, number>,
  sizes: readonly number[],
): void {
  // One counter per candidate and cluster would not fit for many of both, so candidates are taken in turns.
  const atOnce = Math.max(1, Math.floor(16_000_000 / sizes.length));
  for (let from = 0; from < candidates.length; from += atOnce) {
    const some = candidates.slice(from, from + atOnce);
    const matching = new Uint32Array(some.length * sizes.length);
    for (const block of [...table.failing, ...table.passing]) {
      const { conjunction, memory } = loadBlocks(kernel, [block], [...new Set(some.flat())]);
      const cluster = Array.from({ length: block.rows }, (_, row) => numberOf.get(block.clusters?.[row] ?? "") ?? -1);
      some.forEach((itemset, index) => {
        eachRow(memory, conjunction(itemset), block.stride, (row) => {
          const at = cluster[row] ?? -1;
          if (at >= 0) {
            matching[index * sizes.length + at] = (matching[index * sizes.length + at] ?? 0) + 1;
          } else {
            moments.matchingSquared[from + index] = (moments.matchingSquared[from + index] ?? 0) + 1;
            moments.matchingSize[from + index] = (moments.matchingSize[from + index] ?? 0) + 1;
          }
        });
      });
    }
    some.forEach((_, index) => {
      sizes.forEach((size, at) => {
        const x = matching[index * sizes.length + at] ?? 0;
        moments.matchingSquared[from + index] = (moments.matchingSquared[from + index] ?? 0) + x * x;
        moments.matchingSize[from + index] = (moments.matchingSize[from + index] ?? 0) + x * size;
      });
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
