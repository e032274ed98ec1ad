import { NO_PREFIX } from "../kernel/kernel.ts";
import { askGroups } from "./count-request.ts";
import type { Asking, Groups, Totals } from "./count-request.ts";
import type { DepthBudget } from "./hypotheses.ts";
import { PairTable } from "./pair-table.ts";
import { generateTriples } from "./triples.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Counted conjunctions of one depth: `items` holds `depth` item numbers each, ascending. */
export interface Level {
  depth: number;
  size: number;
  items: Uint16Array;
  failing: Uint32Array;
  passing: Uint32Array;
}

export interface Enumeration {
  levels: Level[];
  /** Counts of pairs, as parents of triples. */
  pairs: PairTable;
  dropped: string[];
}

/**
 * Counts every conjunction that can matter, depth by depth, failing runs first: passing runs are only read for conjunctions
 * with enough failing ones. A conjunction cannot match more than its parts, so a pair below `least` takes its triples along.
 */
export function* enumerate(
  vocabulary: Vocabulary,
  attributeOf: readonly number[],
  totals: Totals,
  budgets: readonly DepthBudget[],
  maxCandidates: number,
): Asking<Enumeration> {
  const [first, second, third] = budgets;
  const singles = vocabulary.items.filter((item) => (totals.failing[item] ?? 0) >= (first?.least ?? 0));
  const levels: Level[] = [
    {
      depth: 1,
      size: singles.length,
      items: Uint16Array.from(singles),
      failing: Uint32Array.from(singles, (item) => totals.failing[item] ?? 0),
      passing: Uint32Array.from(singles, (item) => totals.passing[item] ?? 0),
    },
  ];
  const dropped = [...vocabulary.dropped];
  if (second === undefined) return { levels, pairs: new PairTable([], totals), dropped };

  const leastPair = Math.min(second.least, third?.least ?? Infinity);
  const possible = vocabulary.deep.filter((item) => (totals.failing[item] ?? 0) >= leastPair);
  const pairs = new PairTable(possible, totals);
  const all = pairGroups(possible, (a, b) => attributeOf[a] !== attributeOf[b]);
  pairs.record("failing", all, yield* askGroups("pairs", "failing", all));
  const frequent = pairGroups(
    possible,
    (a, b) => attributeOf[a] !== attributeOf[b] && pairs.count("failing", a, b) >= leastPair,
  );
  pairs.record("passing", frequent, yield* askGroups("pairs", "passing", frequent));
  levels.push(pairs.level(frequent, second.least));
  if (third === undefined) return { levels, pairs, dropped };

  const triples = generateTriples(pairs, attributeOf, third.least, maxCandidates);
  if (triples.skipped > 0) {
    dropped.push(`${triples.skipped} conjunctions of three whose pairs interact least (limit ${maxCandidates})`);
  }
  const failing = yield* askGroups("triples", "failing", triples.groups);
  const survivors = survivingTriples(triples.groups, failing, pairs, totals, third.least);
  const passing = yield* askGroups("triples", "passing", survivors.groups);
  levels.push({ depth: 3, size: passing.length, items: survivors.items, failing: survivors.failing, passing });
  return { levels, pairs, dropped };
}

/** Each item extended by later ones. */
function pairGroups(items: readonly number[], joins: (a: number, b: number) => boolean): Groups {
  const prefixes: number[] = [];
  const sizes: number[] = [];
  const extensions = new Uint16Array((items.length * (items.length - 1)) / 2);
  let size = 0;
  for (const [index, a] of items.entries()) {
    const before = size;
    for (let next = index + 1; next < items.length; next += 1) {
      const b = items[next] ?? 0;
      if (!joins(a, b)) continue;
      extensions[size] = b;
      size += 1;
    }
    if (size === before) continue;
    prefixes.push(a, NO_PREFIX);
    sizes.push(size - before);
  }
  return {
    prefixes: Uint16Array.from(prefixes),
    sizes: Uint32Array.from(sizes),
    extensions: extensions.slice(0, size),
  };
}

/** Keeps triples with enough failing runs that could still be over-represented among failures. */
function survivingTriples(
  { prefixes, sizes, extensions }: Groups,
  failing: Uint32Array,
  pairs: PairTable,
  totals: Totals,
  least: number,
): { groups: Groups; items: Uint16Array; failing: Uint32Array } {
  const items = new Uint16Array(3 * extensions.length);
  const kept = new Uint32Array(extensions.length);
  const keptPrefixes = new Uint16Array(prefixes.length);
  const keptSizes = new Uint32Array(sizes.length);
  const keptExtensions = new Uint16Array(extensions.length);
  const single = totals.passing;
  const both = pairs.byPlace("passing");
  const width = pairs.items.length;
  let groups = 0;
  let size = 0;
  for (let group = 0, at = 0; group < sizes.length; group += 1) {
    const [a, b] = [prefixes[2 * group] ?? 0, prefixes[2 * group + 1] ?? 0];
    const ab = pairs.count("passing", a, b);
    const [rowA, rowB] = [pairs.placeOf(a) * width, pairs.placeOf(b) * width];
    const [onlyA, onlyB] = [single[a] ?? 0, single[b] ?? 0];
    const before = size;
    for (const end = at + (sizes[group] ?? 0); at < end; at += 1) {
      const [f, c] = [failing[at] ?? 0, extensions[at] ?? 0];
      if (f < least) continue;
      const placeC = pairs.placeOf(c);
      const [ac, bc] = [both[rowA + placeC] ?? 0, both[rowB + placeC] ?? 0];
      // By inclusion and exclusion at least this many passing runs share all three; already too many for this few failing ones?
      const fewest = Math.max(ab + ac - onlyA, ab + bc - onlyB, ac + bc - (single[c] ?? 0));
      if (fewest * totals.failures >= f * totals.passes) continue;
      items[3 * size] = a;
      items[3 * size + 1] = b;
      items[3 * size + 2] = c;
      kept[size] = f;
      keptExtensions[size] = c;
      size += 1;
    }
    if (size === before) continue;
    keptPrefixes[2 * groups] = a;
    keptPrefixes[2 * groups + 1] = b;
    keptSizes[groups] = size - before;
    groups += 1;
  }
  return {
    groups: {
      prefixes: keptPrefixes.slice(0, 2 * groups),
      sizes: keptSizes.slice(0, groups),
      extensions: keptExtensions.slice(0, size),
    },
    items: items.slice(0, 3 * size),
    failing: kept.slice(0, size),
  };
}
