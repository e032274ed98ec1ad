import { enrichmentZ } from "../../internal/statistics/fisher.ts";
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
  dropped: readonly string[];
}

/** Share of the room for conjunctions that coarse cuts may take. */
const COARSE_SHARE = 0.6;

/**
 * Chooses items without looking at who failed. `least` runs in all are needed because fewer cannot hold `least` failures;
 * items that always hold say nothing; those in `without` are taken; of items with the same runs (`search.count` missing, `search.latency_ms` missing)
 * the one with the plainest name stands for all.
 */
export function* chooseVocabulary(
  codebook: Codebook,
  totals: Totals,
  { least, maxItems, without }: { least: number; maxItems: number; without: readonly number[] },
): Asking<Vocabulary> {
  const { items, attributeOf } = codebook;
  const rows = totals.failures + totals.passes;
  const frequent = items.flatMap((_, item) => {
    const matching = runsWith(item, totals);
    return matching >= least && matching < rows && !without.includes(item) ? [item] : [];
  });
  const name = (item: number): string => items[item]?.feature ?? "";
  const twins = yield* findTwins(frequent, totals, (a, b) => plainness(name(a)) - plainness(name(b)) || a - b);
  const kept = frequent.filter((item) => !twins.has(item));
  const sizes = new Map<number, number>();
  for (const item of kept) sizes.set(attributeOf[item] ?? 0, (sizes.get(attributeOf[item] ?? 0) ?? 0) + 1);
  return { items: kept, sizes: [...sizes.values()], ...chooseDeep(kept, codebook, totals, maxItems) };
}

function runsWith(item: number, totals: Totals): number {
  return (totals.failing[item] ?? 0) + (totals.passing[item] ?? 0);
}

/**
 * At most `maxItems` items for conjunctions. Numeric features get coarser cuts, every second one leaving, until there is room;
 * the room then goes to all cuts of the features that matter most by themselves. That last choice looks at who failed, which
 * costs no honesty: the bill counts all cuts at every depth, and what is not counted is simply not rejected.
 */
function chooseDeep(
  kept: readonly number[],
  { attributes, attributeOf }: Codebook,
  totals: Totals,
  maxItems: number,
): Pick<Vocabulary, "deep" | "dropped"> {
  if (kept.length <= maxItems) return { deep: kept, dropped: [] };
  let coarse = kept;
  for (let step = 2; coarse.length > COARSE_SHARE * maxItems && step <= 32; step *= 2) {
    coarse = kept.filter((item) => {
      const { cuts = [], firstItem = 0 } = attributes[attributeOf[item] ?? 0] ?? {};
      const cut = Math.floor((item - firstItem) / 2);
      // The middle cut survives longest.
      return cut >= cuts.length || (cut + 1 - Math.ceil(cuts.length / 2)) % step === 0;
    });
  }
  if (coarse.length > maxItems) {
    const frequent = coarse.toSorted((a, b) => runsWith(b, totals) - runsWith(a, totals) || a - b).slice(0, maxItems);
    const dropped = [
      `${kept.length - maxItems} finer cuts and rarer items from conjunctions (limit ${maxItems} items)`,
    ];
    return { deep: frequent.sort((a, b) => a - b), dropped };
  }
  const deep = new Set(coarse);
  for (const fine of byNotability(kept, attributeOf, totals)) {
    const added = fine.filter((item) => !deep.has(item));
    if (deep.size + added.length > maxItems) break;
    for (const item of added) deep.add(item);
  }
  return {
    deep: [...deep].sort((a, b) => a - b),
    dropped: [`${kept.length - deep.size} finer cuts from conjunctions (limit ${maxItems} items)`],
  };
}

/** The items of each attribute, the attribute with the most over-represented item first. */
function byNotability(kept: readonly number[], attributeOf: readonly number[], totals: Totals): number[][] {
  const { failures, passes } = totals;
  const groups = new Map<number, { items: number[]; z: number }>();
  for (const item of kept) {
    const attribute = attributeOf[item] ?? 0;
    const group = groups.get(attribute) ?? { items: [], z: -Infinity };
    const counts = { failing: totals.failing[item] ?? 0, failures, passing: totals.passing[item] ?? 0, passes };
    group.items.push(item);
    group.z = Math.max(group.z, enrichmentZ(counts));
    groups.set(attribute, group);
  }
  return [...groups].sort(([a, one], [b, other]) => other.z - one.z || a - b).map(([, { items }]) => items);
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
  const failing = yield* askGroups("twins", "failing", groups);
  const passing = yield* askGroups("twins", "passing", groups);
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
