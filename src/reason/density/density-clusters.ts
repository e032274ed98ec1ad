import { condenseTree } from "./condensed-tree.ts";
import type { CondensedCluster } from "./condensed-tree.ts";
import { coreDistances, reachabilityTree } from "./spanning-tree.ts";
import type { Distance } from "./spanning-tree.ts";

export interface DensityOptions {
  /** How often each item occurs; coinciding items should come once with their weight. */
  weights: readonly number[];
  distance: Distance;
  /** The least weight of a cluster. */
  minWeight: number;
  /** Neighbours that make a neighbourhood dense. @default minWeight */
  minSamples?: number;
}

/**
 * Density clustering without a number of clusters or a radius to guess (HDBSCAN; Campello, Moulavi and Sander 2013):
 * the clusters that stand out longest as the required density grows. Quadratic in items.
 *
 * @returns the cluster of each item from 0 on, or -1 for items that are in none
 */
export function densityClusters(options: DensityOptions): number[] {
  const { weights, distance, minWeight, minSamples = minWeight } = options;
  if (weights.length === 0) return [];
  const core = coreDistances(weights, distance, minSamples);
  const clusters = condenseTree(reachabilityTree(core, distance), weights, minWeight);
  const chosen = standOut(clusters);
  const labels = Array.from(weights, () => -1);
  for (const [label, cluster] of chosen.entries())
    for (const item of itemsBelow(clusters, cluster)) labels[item] = label;
  return labels;
}

/** Bottom up: a cluster wins over the clusters it splits into when it stands out more than they do together. */
function standOut(clusters: readonly CondensedCluster[]): number[] {
  const value = clusters.map((cluster) => cluster.stability);
  const selected = new Set<number>();
  // Children always come after their parent, so going backwards meets them first.
  for (let index = clusters.length - 1; index > 0; index--) {
    const { children, stability } = clusters[index] as CondensedCluster;
    const below = children.reduce((sum, child) => sum + (value[child] ?? 0), 0);
    if (children.length > 0 && below > stability) value[index] = below;
    else selected.add(index);
  }
  // The whole is never a cluster: that everything failed for one reason is said only if one part stands out.
  const isCovered = (index: number): boolean => {
    for (let up = clusters[index]?.parent ?? null; up !== null; up = clusters[up]?.parent ?? null)
      if (selected.has(up)) return true;
    return false;
  };
  return [...selected].filter((index) => !isCovered(index)).sort((a, b) => a - b);
}

function itemsBelow(clusters: readonly CondensedCluster[], start: number): number[] {
  const items: number[] = [];
  const pending = [start];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    items.push(...(clusters[next]?.items ?? []));
    pending.push(...(clusters[next]?.children ?? []));
  }
  return items;
}
