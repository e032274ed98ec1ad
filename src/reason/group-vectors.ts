import { densityClusters } from "./density/density-clusters.ts";
import { centre, cosine, cosineMatrix } from "./vector.ts";
import type { Vector } from "./vector.ts";

export interface GroupOptions {
  /** The least weight of a group. */
  minWeight: number;
  /** Groups whose centres are at least this alike become one. */
  merge: number;
  /** Items in no group join the nearest one that is at least this alike. */
  join: number;
}

/** Items that belong together, by index, and their centre. */
export interface Group {
  items: number[];
  centre: Vector;
}

/** Neighbours that make a neighbourhood dense; more would call small groups noise. */
const MIN_SAMPLES = 3;
/** Clustering takes time with the square of the items; the rest joins what these form. */
const MAX_ITEMS = 2000;

/**
 * Groups unit vectors by density, joins groups that turn out to be about the same thing, and lets stragglers join.
 * Density alone splits by wording; centres of groups compare what is said.
 */
export function groupVectors(vectors: readonly Vector[], weights: readonly number[], options: GroupOptions): Group[] {
  const order = Array.from(weights, (_weight, item) => item).sort(
    (a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b,
  );
  const kept = order.slice(0, MAX_ITEMS).sort((a, b) => a - b);
  const alike = cosineMatrix(kept.map((item) => vectors[item] as Vector));
  const labels = densityClusters({
    weights: kept.map((item) => weights[item] ?? 0),
    distance: (a, b) => Math.max(0, 1 - (alike[a * kept.length + b] ?? 0)),
    minWeight: options.minWeight,
    minSamples: Math.min(MIN_SAMPLES, options.minWeight),
  });
  const groupOf = (items: number[]): Group => ({
    items,
    centre: centre(
      items.map((item) => vectors[item] as Vector),
      items.map((item) => weights[item] ?? 0),
    ),
  });
  const found = [...new Set(labels.filter((label) => label >= 0))].sort((a, b) => a - b);
  const groups = mergeAlike(
    found.map((label) => groupOf(kept.filter((_item, at) => labels[at] === label))),
    options.merge,
    groupOf,
  );
  // Density counts an item that only just hangs on as a member; whoever reads the group would not.
  const members = groups.map((group) =>
    group.items.filter((item) => cosine(group.centre, vectors[item] as Vector) >= options.join),
  );
  const settled = new Set(members.flat());
  for (const item of order) {
    const nearest = settled.has(item) ? undefined : nearestCentre(groups, vectors[item] as Vector);
    if (nearest && nearest.likeness >= options.join) members[nearest.index]?.push(item);
  }
  return members.filter((items) => items.length > 0).map((items) => groupOf(items.sort((x, y) => x - y)));
}

/** The most alike centre. */
export function nearestCentre(
  groups: readonly { centre: Vector }[],
  vector: Vector,
): { index: number; likeness: number } | undefined {
  const likeness = groups.map((group) => cosine(group.centre, vector));
  const index = likeness.indexOf(Math.max(...likeness));
  return index === -1 ? undefined : { index, likeness: likeness[index] ?? 0 };
}

function mergeAlike(groups: Group[], mark: number, groupOf: (items: number[]) => Group): Group[] {
  const left = [...groups];
  for (;;) {
    let best: { into: number; from: number; likeness: number } | undefined;
    for (let from = 1; from < left.length; from++) {
      for (let into = 0; into < from; into++) {
        const likeness = cosine((left[into] as Group).centre, (left[from] as Group).centre);
        if (likeness >= mark && likeness > (best?.likeness ?? -1)) best = { into, from, likeness };
      }
    }
    if (!best) return left;
    left[best.into] = groupOf([...(left[best.into] as Group).items, ...(left[best.from] as Group).items]);
    left.splice(best.from, 1);
  }
}
