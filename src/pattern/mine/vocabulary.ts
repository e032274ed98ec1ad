import type { Codebook } from "../codebook.ts";
import { NO_PREFIX } from "../kernel/kernel.ts";
import { askGroups } from "./count-request.ts";
import type { Asking, Totals } from "./count-request.ts";

/** The items a search works with. */
export interface Vocabulary {
  /** Items worth testing, ascending: frequent enough, not universal, one of each set that holds for the very same runs. */
  items: readonly number[];
  /** Those of them that conjunctions are built from, ascending. */
  deep: readonly number[];
  /** For each attribute of `items`, how many there are. */
  sizes: readonly number[];
  dropped: string[];
}

/**
 * Chooses items without looking at who failed. `least` runs in all are needed because fewer cannot hold `least` failures;
 * items that always hold say nothing; of items with the same runs (`search.count` missing, `search.latency_ms` missing)
 * the one with the plainest name stands for all. Conjunctions use at most `maxItems`: numeric features get coarser cuts,
 * every second one leaving, until the items fit; then the rarest ones leave.
 */
export function* chooseVocabulary(
  { items, attributeOf, attributes }: Codebook,
  totals: Totals,
  { least, maxItems }: { least: number; maxItems: number },
): Asking<Vocabulary> {
  const rows = totals.failures + totals.passes;
  const matching = (item: number): number => (totals.failing[item] ?? 0) + (totals.passing[item] ?? 0);
  const frequent = items.flatMap((_, item) => (matching(item) >= least && matching(item) < rows ? [item] : []));
  const name = (item: number): string => items[item]?.feature ?? "";
  const twins = yield* findTwins(frequent, totals, (a, b) => plainness(name(a)) - plainness(name(b)) || a - b);
  const kept = frequent.filter((item) => !twins.has(item));

  const dropped: string[] = [];
  let deep = kept;
  for (let step = 2; deep.length > maxItems && step <= 32; step *= 2) {
    deep = kept.filter((item) => {
      const attribute = attributes[attributeOf[item] ?? 0];
      const cut = Math.floor((item - (attribute?.firstItem ?? 0)) / 2);
      const cuts = attribute?.cuts.length ?? 0;
      // The middle cut survives longest.
      return cut >= cuts || (cut + 1 - Math.ceil(cuts / 2)) % step === 0;
    });
  }
  if (deep.length < kept.length)
    dropped.push(`${kept.length - deep.length} finer cuts from conjunctions (limit ${maxItems} items)`);
  if (deep.length > maxItems) {
    dropped.push(`${deep.length - maxItems} rarer items from conjunctions (limit ${maxItems} items)`);
    deep = deep
      .toSorted((a, b) => matching(b) - matching(a) || a - b)
      .slice(0, maxItems)
      .sort((a, b) => a - b);
  }
  const sizes = new Map<number, number>();
  for (const item of kept) sizes.set(attributeOf[item] ?? 0, (sizes.get(attributeOf[item] ?? 0) ?? 0) + 1);
  return { items: kept, deep, sizes: [...sizes.values()], dropped };
}

/** Items to leave out because an earlier one (by `order`) holds for exactly the same runs. */
function* findTwins(
  items: readonly number[],
  totals: Totals,
  order: (a: number, b: number) => number,
): Asking<Set<number>> {
  const sameCounts = new Map<string, number[]>();
  for (const item of items) {
    const key = `${totals.failing[item]}/${totals.passing[item]}`;
    sameCounts.set(key, [...(sameCounts.get(key) ?? []), item]);
  }
  const sets = [...sameCounts.values()].filter((set) => set.length > 1).map((set) => set.toSorted(order));
  const pairs = sets.flatMap((set) => set.flatMap((a, index) => set.slice(index + 1).map((b) => [a, b] as const)));
  const groups = {
    prefixes: Uint16Array.from(pairs.flatMap(([a]) => [a, NO_PREFIX])),
    sizes: new Uint32Array(pairs.length).fill(1),
    extensions: Uint16Array.from(pairs.map(([, b]) => b)),
  };
  const failing = yield* askGroups("failing", groups);
  const passing = yield* askGroups("passing", groups);
  const twins = new Set<number>();
  pairs.forEach(([a, b], index) => {
    if (!twins.has(a) && failing[index] === totals.failing[a] && passing[index] === totals.passing[a]) twins.add(b);
  });
  return twins;
}

/** Lower reads better: presence of a span before its details, short names before long ones. */
function plainness(feature: string): number {
  return (feature.endsWith(".count") ? 0 : 1000) + feature.length;
}
