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

/** Calls `visit` with each bit set in a word, as a number from 0 to 31. */
function eachBit(word: number, visit: (bit: number) => void): void {
  for (let rest = word; rest !== 0; rest &= rest - 1) visit(31 - Math.clz32(rest & -rest));
}

function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function countTriangles({ size, words, rows }: Graph): number {
  let total = 0;
  for (let a = 0; a < size; a += 1) {
    for (let word = 0; word < words; word += 1) {
      for (let rest = rows[a * words + word] ?? 0; rest !== 0; rest &= rest - 1) {
        const b = 32 * word + 31 - Math.clz32(rest & -rest);
        for (let w = word; w < words; w += 1) total += bitsIn((rows[a * words + w] ?? 0) & (rows[b * words + w] ?? 0));
      }
    }
  }
  return total;
}

/**
 * Triples whose three pairs all have at least `least` failing runs, grouped by their first two items: the triangles of the
 * graph of frequent pairs. Where there are more than `maxCandidates`, those with the most over-represented pair are kept: a
 * choice that costs power, not honesty, since the left-out ones stay in the bill as hypotheses that were not rejected.
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
  const total = countTriangles(frequent);
  const z = total > maxCandidates ? pairs.zByPlace() : null;
  const bar = z === null ? -Infinity : notableBar(frequent, z, total - maxCandidates);
  const notable = graphOf(size, (a, b) => z === null || (z[a * size + b] ?? 0) >= bar);

  const { words, rows } = frequent;
  const extensions = new Uint16Array(Math.min(total, maxCandidates));
  const prefixes: number[] = [];
  const sizes: number[] = [];
  let count = 0;
  for (let a = 0; a < size; a += 1) {
    for (let word = 0; word < words; word += 1) {
      eachBit(rows[a * words + word] ?? 0, (bit) => {
        const b = 32 * word + bit;
        const open = ((notable.rows[a * words + word] ?? 0) >>> bit) & 1;
        const before = count;
        for (let w = word; w < words; w += 1) {
          const both = (rows[a * words + w] ?? 0) & (rows[b * words + w] ?? 0);
          const either = open ? ~0 : (notable.rows[a * words + w] ?? 0) | (notable.rows[b * words + w] ?? 0);
          eachBit(both & either, (last) => {
            extensions[count] = items[32 * w + last] ?? 0;
            count += 1;
          });
        }
        if (count === before) return;
        prefixes.push(items[a] ?? 0, items[b] ?? 0);
        sizes.push(count - before);
      });
    }
  }
  return {
    groups: {
      prefixes: Uint16Array.from(prefixes),
      sizes: Uint32Array.from(sizes),
      extensions: extensions.slice(0, count),
    },
    skipped: total - count,
  };
}

/** Nearly the lowest z such that at least `surplus` triangles have no edge that reaches it; never below. */
function notableBar({ size, words, rows }: Graph, z: Float32Array, surplus: number): number {
  let [low, high] = [-8, 8];
  const below = new Uint32Array(rows.length);
  const trianglesBelow = (bar: number): number => {
    for (let a = 0; a < size; a += 1) {
      for (let word = 0; word < words; word += 1) {
        let kept = rows[a * words + word] ?? 0;
        for (let rest = kept; rest !== 0; rest &= rest - 1) {
          const bit = rest & -rest;
          if ((z[a * size + 32 * word + 31 - Math.clz32(bit)] ?? 0) >= bar) kept &= ~bit;
        }
        below[a * words + word] = kept;
      }
    }
    return countTriangles({ size, words, rows: below });
  };
  while (trianglesBelow(high) < surplus) [low, high] = [high, 4 * high];
  for (let step = 0; step < 8; step += 1) {
    const middle = (low + high) / 2;
    if (trianglesBelow(middle) >= surplus) high = middle;
    else low = middle;
  }
  return high;
}
