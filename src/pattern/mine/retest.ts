import { bySureness, candidateOf } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { askClusters } from "./count-request.ts";
import type { Asking, Itemset, Totals } from "./count-request.ts";
import { designEffects } from "./design-effect.ts";
import type { DepthBudget } from "./hypotheses.ts";
import { askLayers, deflate, layeredP, within } from "./layers.ts";
import { adjusted } from "./significance.ts";

/**
 * Repeats the tests with runs compared within their stratum only. The larger p counts, so what was not significant before
 * cannot be now and stays in the bill at p = 1.
 */
export function* testWithinStrata(candidates: readonly Candidate[], strata: readonly Itemset[]): Asking<Candidate[]> {
  const parts = properParts(candidates);
  const layers = yield* askLayers(strata, [], [...candidates.map(({ items }) => items), ...parts]);
  const ofPart = new Map(parts.map((part, at) => [part.join(), layers[candidates.length + at] ?? []]));
  return candidates.map((one, at): Candidate => {
    const own = layers[at] ?? [];
    const p = layeredP(own, 1);
    const inside = [...subsetsOf(one.items)].map((part) => layeredP(within(own, ofPart.get(part.join()) ?? []), 1));
    return candidateOf(one.items, own, { p, strictP: Math.max(p, one.strictP, ...inside), q: 1 });
  });
}

/** The same with runs of one cluster counted for what they are worth. */
export function* testClustered(candidates: readonly Candidate[], totals: Totals): Asking<Candidate[]> {
  const moments = yield* askClusters(candidates.map((candidate) => candidate.items));
  if (moments.clusters === 0) return [...candidates];
  const matching = candidates.map(({ failing, passing }) => failing + passing);
  const effects = designEffects(moments, totals, matching);
  return candidates.map((one, at): Candidate => {
    const effect = effects[at] ?? 1;
    const tested = { p: deflate(one.p, effect), strictP: deflate(one.strictP, effect), q: 1 };
    return candidateOf(one.items, one.layers, tested, effect);
  });
}

/** The q-values after the tests were repeated, and those still significant, surest first. */
export function stillSignificant(
  candidates: readonly Candidate[],
  budgets: readonly DepthBudget[],
  alpha: number,
): Candidate[] {
  return budgets
    .flatMap((budget, index) => {
      const level = candidates.filter(({ items }) => items.length === index + 1);
      const q = adjusted(
        level.map((one) => one.strictP),
        budget,
      );
      return level.map((one, at) => ({ ...one, q: q[at] ?? 1 }));
    })
    .filter((candidate) => candidate.q <= alpha && candidate.risk.low > 1)
    .sort(bySureness);
}

/** Every part of some candidate, once. */
function properParts(candidates: readonly Candidate[]): Itemset[] {
  const parts = candidates.flatMap(({ items }) => [...subsetsOf(items)]);
  return [...new Map(parts.map((part) => [part.join(), part])).values()];
}

/** The proper subsets of an itemset that are not empty. */
function* subsetsOf(items: Itemset): Generator<Itemset> {
  for (let mask = 1; mask < 2 ** items.length - 1; mask += 1) yield items.filter((_, bit) => (mask >> bit) % 2 === 1);
}
