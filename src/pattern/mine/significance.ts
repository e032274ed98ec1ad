import { benjaminiHochberg } from "../../internal/statistics/benjamini-hochberg.ts";
import { fisherGreater, hypergeometric } from "../../internal/statistics/fisher.ts";
import type { Counts } from "../../internal/statistics/fisher.ts";
import type { Level } from "./enumerate.ts";
import type { DepthBudget } from "./hypotheses.ts";

/** Conjunctions of one level that survive Benjamini-Hochberg, as indices into the level. */
export interface Significant {
  index: Uint32Array;
  p: Float64Array;
  q: Float64Array;
}

/**
 * Benjamini-Hochberg within one depth at its share of alpha, over everything the depth could form. Exact p-values are
 * only computed where they can matter: at most R rejections are possible when R candidates have a single hypergeometric term
 * (a lower bound of the tail) below the cut-off, and the cut-off for R rejections is alpha R / hypotheses. Shrinking R until
 * it settles leaves few; the outcome is the same as testing all.
 */
export function significantOf(
  level: Level,
  budget: DepthBudget,
  { failures, passes }: Pick<Counts, "failures" | "passes">,
  alpha: number,
): Significant {
  const countsAt = (index: number): Counts => ({
    failing: level.failing[index] ?? 0,
    failures,
    passing: level.passing[index] ?? 0,
    passes,
  });
  const cutOff = (rejections: number): number => (alpha * budget.weight * rejections) / Math.max(1, budget.hypotheses);

  // Two standard deviations out the tail still holds more than 0.5%, so a stricter cut-off cannot be met nearer the mean.
  const leastZ = cutOff(level.size) < 0.005 ? 2 : 0;
  let possible = beyond(level, failures, passes, leastZ);
  const terms = Float64Array.from(possible, (index) => {
    const { failing, passing } = countsAt(index);
    return hypergeometric(failing, failures, passes, failing + passing);
  });
  let before = Infinity;
  let keep = terms.map(() => 1);
  for (let left = possible.length; left < before;) {
    before = left;
    const limit = cutOff(left);
    keep = terms.map((term) => (term <= limit ? 1 : 0));
    left = keep.reduce((sum, one) => sum + one, 0);
  }
  possible = possible.filter((_, at) => keep[at] === 1);

  const p = Float64Array.from(possible, (index) => fisherGreater(countsAt(index)));
  const q = benjaminiHochberg(p, budget.hypotheses).map((value) => Math.min(1, value / budget.weight));
  const rejected = (_: number, at: number): boolean => (q[at] ?? 1) <= alpha;
  return { index: possible.filter(rejected), p: p.filter(rejected), q: q.filter(rejected) };
}

/** Indices of conjunctions whose failing count lies more than `leastZ` standard deviations above its mean. */
function beyond({ size, failing, passing }: Level, failures: number, passes: number, leastZ: number): Uint32Array {
  const runs = failures + passes;
  const scale = (leastZ * leastZ * failures * passes) / (runs * runs * (runs - 1));
  const found = new Uint32Array(size);
  let count = 0;
  for (let index = 0; index < size; index += 1) {
    const f = failing[index] ?? 0;
    const matching = f + (passing[index] ?? 0);
    const above = f - (matching * failures) / runs;
    if (above <= 0 || above * above <= scale * matching * (runs - matching)) continue;
    found[count] = index;
    count += 1;
  }
  return found.slice(0, count);
}
