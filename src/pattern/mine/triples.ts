import type { Groups } from "./count-request.ts";
import type { PairTable } from "./pair-table.ts";

/** Undirected graph over places, as bit rows: bit b of row a, only for b after a. */
interface Graph {
  size: number;
  /** 32-bit words per row. */
  words: number;
  rows: Uint32Array;
}

function graphOf(size: number, joins: (a: number, b: number) => boolean): Graph {
  const words = Math.ceil(size / 32);
  const rows = new Uint32Array(size * words);
  for (let a = 0; a < size; a += 1) {
    for (let b = a + 1; b < size; b += 1) {
      if (joins(a, b)) rows[a * words + (b >>> 5)] = (rows[a * words + (b >>> 5)] ?? 0) | (1 << (b & 31));
    }
  }
  return { size, words, rows };
}

function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * Visits triangles of `frequent`: for each edge a-b with later common neighbours, one word of 32 neighbours at a time. Only
 * triangles with at least two edges in `notable` count; all do when it is `null`.
 */
function eachWord(
  frequent: Graph,
  notable: Graph | null,
  visit: (neighbours: number, word: number, a: number, b: number) => void,
): void {
  const { size, words, rows } = frequent;
  for (let a = 0; a < size; a += 1) {
    for (let word = 0; word < words; word += 1) {
      for (let rest = rows[a * words + word] ?? 0; rest !== 0; rest &= rest - 1) {
        const bit = 31 - Math.clz32(rest & -rest);
        const b = 32 * word + bit;
        const edge = notable !== null && (((notable.rows[a * words + word] ?? 0) >>> bit) & 1) === 1;
        for (let w = word; w < words; w += 1) {
          let common = (rows[a * words + w] ?? 0) & (rows[b * words + w] ?? 0);
          if (notable !== null) {
            const [ac, bc] = [notable.rows[a * words + w] ?? 0, notable.rows[b * words + w] ?? 0];
            common &= edge ? ac | bc : ac & bc;
          }
          if (common !== 0) visit(common, w, a, b);
        }
      }
    }
  }
}

function countTriangles(frequent: Graph, notable: Graph | null): number {
  let total = 0;
  eachWord(frequent, notable, (neighbours) => (total += bitsIn(neighbours)));
  return total;
}

/**
 * Triples whose three pairs all have at least `least` failing runs, grouped by their first two items: the triangles of the
 * graph of frequent pairs. Where there are more than `maxCandidates`, those stay in which at least two pairs fail most beyond
 * what their items make expect, as all pairs of a real triple do, while a strong pair with just anything does not. That costs
 * power, not honesty: the left-out ones stay in the bill as hypotheses that were not rejected.
 */
export function generateTriples(
  pairs: PairTable,
  attributeOf: readonly number[],
  least: number,
  maxCandidates: number,
): { groups: Groups; skipped: number } {
  const { items } = pairs;
  const failing = pairs.byPlace("failing");
  const size = items.length;
  const attributes = items.map((item) => attributeOf[item]);
  const frequent = graphOf(size, (a, b) => (failing[a * size + b] ?? 0) >= least && attributes[a] !== attributes[b]);
  const total = countTriangles(frequent, null);
  const notable = total > maxCandidates ? mostNotable(frequent, pairs.interactionByPlace(), maxCandidates) : null;

  const extensions = new Uint16Array(Math.min(total, maxCandidates));
  const prefixes: number[] = [];
  const sizes: number[] = [];
  let [count, before] = [0, 0];
  let [lastA, lastB] = [-1, -1];
  eachWord(frequent, notable, (neighbours, word, a, b) => {
    if (a !== lastA || b !== lastB) {
      if (count > before) sizes.push(count - before);
      prefixes.push(items[a] ?? 0, items[b] ?? 0);
      [lastA, lastB, before] = [a, b, count];
    }
    for (let rest = neighbours; rest !== 0; rest &= rest - 1) {
      extensions[count] = items[32 * word + 31 - Math.clz32(rest & -rest)] ?? 0;
      count += 1;
    }
  });
  if (count > before) sizes.push(count - before);
  return {
    groups: {
      prefixes: Uint16Array.from(prefixes),
      sizes: Uint32Array.from(sizes),
      extensions: extensions.slice(0, count),
    },
    skipped: total - count,
  };
}

/** The frequent pairs above the lowest z (nearly) that leaves at most `maxCandidates` triangles. */
function mostNotable(frequent: Graph, z: Float32Array, maxCandidates: number): Graph {
  const { size, words, rows } = frequent;
  const above = (bar: number): Graph => {
    const kept = rows.slice();
    for (let a = 0; a < size; a += 1) {
      for (let word = 0; word < words; word += 1) {
        for (let rest = rows[a * words + word] ?? 0; rest !== 0; rest &= rest - 1) {
          const bit = rest & -rest;
          const weak = (z[a * size + 32 * word + 31 - Math.clz32(bit)] ?? 0) < bar;
          if (weak) kept[a * words + word] = (kept[a * words + word] ?? 0) & ~bit;
        }
      }
    }
    return { size, words, rows: kept };
  };
  let [low, high] = z.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)], [0, 0]);
  high += 1;
  for (let step = 0; step < 12; step += 1) {
    const middle = (low + high) / 2;
    if (countTriangles(frequent, above(middle)) > maxCandidates) low = middle;
    else high = middle;
  }
  return above(high);
}
