import type { Edge } from "./spanning-tree.ts";

/** A cluster that lives over a range of densities. Density is 1 / distance. */
export interface CondensedCluster {
  parent: number | null;
  children: number[];
  /** The density at which it split off. */
  birth: number;
  /** Weight times density lived through, summed over its items: how much it stands out. */
  stability: number;
  /** Items that fell out of it directly, without going on into a child. */
  items: number[];
}

/** Densities have to stay finite where items coincide. */
const CLOSEST = 1e-6;

/**
 * The clusters of at least `minWeight` that appear as the required density grows (Campello, Moulavi and Sander, PAKDD
 * 2013), from the edges of the spanning tree, shortest first. The first one is the whole.
 */
export function condenseTree(
  edges: readonly Edge[],
  weights: readonly number[],
  minWeight: number,
): CondensedCluster[] {
  const { merges, root } = linkTree(edges, weights);
  const clusters: CondensedCluster[] = [{ parent: null, children: [], birth: 0, stability: 0, items: [] }];
  const weightOf = (node: number): number =>
    node < weights.length ? (weights[node] ?? 0) : (merges[node - weights.length]?.weight ?? 0);
  const drop = (node: number, cluster: CondensedCluster, density: number): void => {
    const pending = [node];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const merge = merges[next - weights.length];
      if (merge) pending.push(merge.left, merge.right);
      else {
        cluster.items.push(next);
        cluster.stability += (weights[next] ?? 0) * (density - cluster.birth);
      }
    }
  };
  const pending = [{ node: root, index: 0 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node, index } = next;
    const cluster = clusters[index] as CondensedCluster;
    const merge = merges[node - weights.length];
    if (!merge) {
      drop(node, cluster, 1 / CLOSEST);
      continue;
    }
    const density = 1 / Math.max(CLOSEST, merge.distance);
    const sides = [merge.left, merge.right];
    const large = sides.filter((side) => weightOf(side) >= minWeight);
    if (large.length === 2) {
      for (const side of sides) {
        cluster.stability += weightOf(side) * (density - cluster.birth);
        cluster.children.push(clusters.length);
        pending.push({ node: side, index: clusters.length });
        clusters.push({ parent: index, children: [], birth: density, stability: 0, items: [] });
      }
      continue;
    }
    for (const side of sides) {
      if (side === large[0]) pending.push({ node: side, index });
      else drop(side, cluster, density);
    }
  }
  return clusters;
}

interface Merge {
  left: number;
  right: number;
  distance: number;
  weight: number;
}

/** Single linkage: nodes below the number of items are items, the others merges in order. */
function linkTree(edges: readonly Edge[], weights: readonly number[]): { merges: Merge[]; root: number } {
  const top = Array.from(weights, (_weight, index) => index);
  const weightAt = [...weights];
  const find = (item: number): number => {
    let node = item;
    while (parents[node] !== undefined) node = parents[node] as number;
    // Path halving is not worth it here: trees are joined under fresh nodes, so paths are compressed by hand.
    for (let step = item; step !== node;) {
      const up = parents[step] as number;
      parents[step] = node;
      step = up;
    }
    return node;
  };
  const parents: (number | undefined)[] = [];
  const merges: Merge[] = [];
  let root = top[0] ?? 0;
  for (const { a, b, distance } of edges) {
    const [left, right] = [find(a), find(b)];
    const node = weights.length + merges.length;
    const weight = (weightAt[left] ?? 0) + (weightAt[right] ?? 0);
    merges.push({ left, right, distance, weight });
    weightAt[node] = weight;
    parents[left] = node;
    parents[right] = node;
    root = node;
  }
  return { merges, root };
}
