import { benjaminiHochberg } from "../../internal/statistics/benjamini-hochberg.ts";
import { fisherGreater } from "../../internal/statistics/fisher.ts";
import type { Counts } from "../../internal/statistics/fisher.ts";
import type { Totals } from "./count-request.ts";
import type { Level } from "./enumerate.ts";
import type { DepthBudget } from "./hypotheses.ts";
import type { PairTable } from "./pair-table.ts";
import { leastZ, productivityTest } from "./productivity.ts";

/** Conjunctions of one level that survive Benjamini-Hochberg, as indices into the level. */
export interface Significant {
  index: Uint32Array;
  /** One-sided Fisher p. */
  p: Float64Array;
  /** The larger of that and the productivity p. */
  strictP: Float64Array;
  /** The latter, adjusted. */
  q: Float64Array;
}

/**
 * Benjamini-Hochberg within one depth at its share of alpha, over everything the depth could form, of the hypotheses "is
 * over-represented among failures and among the runs of each of its parts". Exact p-values are only computed where they can
 * matter: at most R rejections are possible when R candidates have a lower bound of p (by z, then the productivity p)
 * below the cut-off, and the cut-off for R rejections is alpha R / hypotheses. Shrinking R until it settles leaves few; the
 * outcome is the same as testing all.
 */
export function significantOf(
  level: Level,
  budget: DepthBudget,
  totals: Totals,
  pairs: PairTable,
  alpha: number,
): Significant {
  const { failures, passes } = totals;
  const countsAt = (index: number): Counts => ({
    failing: level.failing[index] ?? 0,
    failures,
    passing: level.passing[index] ?? 0,
    passes,
  });
  const cutOff = (rejections: number): number => (alpha * budget.weight * rejections) / Math.max(1, budget.hypotheses);

  let possible = beyond(level, totals, 0);
  for (let before = Infinity; possible.length < before;) {
    before = possible.length;
    possible = beyond(level, totals, leastZ(cutOff(before)), possible);
  }
  const productivity = productivityTest(totals, pairs, cutOff(possible.length));
  const parts = new Float64Array(possible.length);
  // One list for all: there may be a million of them.
  const items = Array.from({ length: level.depth }, () => 0);
  for (let at = 0; at < parts.length; at += 1) {
    const index = possible[at] ?? 0;
    for (let place = 0; place < level.depth; place += 1) items[place] = level.items[index * level.depth + place] ?? 0;
    parts[at] = productivity(items, level.failing[index] ?? 0, level.passing[index] ?? 0);
  }
  const kept = settle(parts, cutOff);
  possible = possible.filter(kept);
  const p = Float64Array.from(possible, (index) => fisherGreater(countsAt(index)));
  const strictP = parts.filter(kept).map((part, at) => Math.max(part, p[at] ?? 1));
  const q = adjusted(strictP, budget);
  const rejected = (_: number, at: number): boolean => (q[at] ?? 1) <= alpha;
  return {
    index: possible.filter(rejected),
    p: p.filter(rejected),
    strictP: strictP.filter(rejected),
    q: q.filter(rejected),
  };
}

/** Benjamini-Hochberg q within one depth, to be compared with the whole alpha. */
export function adjusted(p: ArrayLike<number>, { hypotheses, weight }: DepthBudget): Float64Array {
  return benjaminiHochberg(p, hypotheses).map((value) => Math.min(1, value / weight));
}

/** Which of these lower bounds of p can still be rejected when no more than those can. */
function settle(bounds: Float64Array, cutOff: (rejections: number) => number): (_: number, at: number) => boolean {
  let limit = Infinity;
  for (let left = bounds.length, before = Infinity; left < before;) {
    before = left;
    limit = cutOff(left);
    left = bounds.reduce((count, bound) => count + (bound <= limit ? 1 : 0), 0);
  }
  return (_, at) => (bounds[at] ?? 1) <= limit;
}

/** Indices, out of `among`, of conjunctions whose failing count lies more than `z` standard deviations above its mean. */
function beyond(
  { size, failing, passing }: Level,
  { failures, passes }: Totals,
  z: number,
  among?: Uint32Array,
): Uint32Array {
  const runs = failures + passes;
  const scale = (z * z * failures * passes) / (runs * runs * (runs - 1));
  const found = new Uint32Array(among?.length ?? size);
  let count = 0;
  for (let at = 0; at < found.length; at += 1) {
    const index = among === undefined ? at : (among[at] ?? 0);
    const f = failing[index] ?? 0;
    const matching = f + (passing[index] ?? 0);
    const above = f - (matching * failures) / runs;
    if (above <= 0 || above * above <= scale * matching * (runs - matching)) continue;
    found[count] = index;
    count += 1;
  }
  return found.slice(0, count);
}
