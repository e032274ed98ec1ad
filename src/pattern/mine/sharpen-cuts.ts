import type { Codebook } from "../codebook.ts";
import { bySureness, candidateOf } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import type { Asking } from "./count-request.ts";
import { askLayers, layeredP } from "./layers.ts";
import type { Found } from "./search.ts";

/**
 * Conjunctions are searched with coarser cuts than single conditions; here each cut of a chosen one moves to the best of all
 * its feature's cuts. The bill already counts the fine cuts at every depth, so the p stays honest.
 */
export function* sharpenCuts(
  candidate: Candidate,
  { vocabulary, strata }: Found,
  { items }: Codebook,
): Asking<Candidate> {
  let best = candidate;
  if (candidate.items.length === 1) return best;
  for (const [position, item] of candidate.items.entries()) {
    const predicate = items[item];
    if (predicate?.operator !== "<" && predicate?.operator !== ">=") continue;
    const cuts = vocabulary.items.filter((other) => {
      return items[other]?.feature === predicate.feature && items[other]?.operator === predicate.operator;
    });
    const moved = cuts.map((cut) => best.items.with(position, cut));
    const layers = yield* askLayers(strata, [], moved);
    for (const [at, itemset] of moved.entries()) {
      const p = layeredP(layers[at] ?? [], candidate.designEffect);
      const other = candidateOf(itemset, layers[at] ?? [], { ...candidate, p }, candidate.designEffect);
      // A p no larger than the one that was significant is significant too.
      if (p <= candidate.p && bySureness(other, best) < 0) best = other;
    }
  }
  return best;
}
