/** An edge of the minimum spanning tree. */
export interface Edge {
  a: number;
  b: number;
  distance: number;
}

/** Distance of two items; symmetric. */
export type Distance = (a: number, b: number) => number;

/**
 * The distance from each item to its `minSamples`-th neighbour, itself included and every item counted as often as its
 * weight says: small where reasons are dense.
 */
export function coreDistances(weights: readonly number[], distance: Distance, minSamples: number): Float64Array {
  return Float64Array.from(weights, (_weight, item) => {
    const others = weights.map((weight, other) => ({ weight, distance: other === item ? 0 : distance(item, other) }));
    others.sort((a, b) => a.distance - b.distance);
    let seen = 0;
    return others.find((other) => (seen += other.weight) >= minSamples)?.distance ?? others.at(-1)?.distance ?? 0;
  });
}

/**
 * Minimum spanning tree over mutual reachability (the larger of the distance and both core distances), shortest edge
 * first. Prim's algorithm, quadratic in items.
 */
export function reachabilityTree(core: Float64Array, distance: Distance): Edge[] {
  const count = core.length;
  const best = new Float64Array(count).fill(Infinity);
  const from = new Int32Array(count);
  const inside = new Uint8Array(count);
  const edges: Edge[] = [];
  for (let item = 0, added = 1; added <= count; added++) {
    inside[item] = 1;
    let next = -1;
    for (let other = 0; other < count; other++) {
      if (inside[other]) continue;
      const reach = Math.max(distance(item, other), core[item] ?? 0, core[other] ?? 0);
      if (reach < (best[other] ?? 0)) {
        best[other] = reach;
        from[other] = item;
      }
      if (next === -1 || (best[other] ?? 0) < (best[next] ?? 0)) next = other;
    }
    if (next === -1) break;
    edges.push({ a: from[next] ?? 0, b: next, distance: best[next] ?? 0 });
    item = next;
  }
  return edges.sort((a, b) => a.distance - b.distance);
}
