import { stableId } from "../model/id.ts";
import { readCentre } from "./reason-model.ts";
import type { ReasonModel } from "./reason-model.ts";
import { cosine } from "./vector.ts";
import type { Vector } from "./vector.ts";

/** A cluster before it has an id. */
export interface Nameless {
  members: readonly string[];
  centre: Vector;
  /** Its most typical text, masked: the seed of a new id. */
  typical: string;
}

/** Half of the reasons both know, or a centre this near, and a cluster is the same as before. */
const SAME_MEMBERS = 0.5;
const SAME_CENTRE = 0.6;

/**
 * Gives each cluster the id of the one it goes on from, best match first, so that no id is given twice; new clusters get
 * an id that depends only on what they say.
 */
export function keepIds(clusters: readonly Nameless[], previous: ReasonModel | undefined): string[] {
  const before = (previous?.clusters ?? []).map((cluster) => ({ ...cluster, centre: readCentre(cluster.centre) }));
  const known = new Set(before.flatMap((cluster) => cluster.members));
  const pairs = clusters.flatMap((cluster, index) =>
    before.flatMap((old) => {
      const shared = overlap(cluster.members, old.members, known);
      const near = cosine(cluster.centre, old.centre);
      return shared >= SAME_MEMBERS || near >= SAME_CENTRE
        ? [{ index, id: old.id, score: Math.max(shared, near) }]
        : [];
    }),
  );
  const ids = new Map<number, string>();
  const taken = new Set<string>();
  for (const { index, id } of pairs.sort((a, b) => b.score - a.score || a.index - b.index)) {
    if (ids.has(index) || taken.has(id)) continue;
    ids.set(index, id);
    taken.add(id);
  }
  return clusters.map((cluster, index) => {
    const kept = ids.get(index);
    if (kept !== undefined) return kept;
    for (let attempt = 0; ; attempt++) {
      const fresh = stableId("reason cluster", cluster.typical, attempt);
      if (taken.has(fresh) || before.some((old) => old.id === fresh)) continue;
      taken.add(fresh);
      return fresh;
    }
  });
}

/** Jaccard index of two clusters over the reasons that were there both times. */
function overlap(members: readonly string[], old: readonly string[], known: ReadonlySet<string>): number {
  const then = new Set(old);
  const comparable = members.filter((member) => known.has(member));
  const shared = comparable.filter((member) => then.has(member)).length;
  return shared === 0 ? 0 : shared / (comparable.length + then.size - shared);
}
