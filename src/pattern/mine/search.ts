import type { Codebook } from "../codebook.ts";
import { bySureness, candidateOf, deflate } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { askClusters, askTotals } from "./count-request.ts";
import type { Asking, Totals } from "./count-request.ts";
import { designEffects } from "./design-effect.ts";
import { enumerate } from "./enumerate.ts";
import type { Level } from "./enumerate.ts";
import { depthBudgets } from "./hypotheses.ts";
import type { DepthBudget } from "./hypotheses.ts";
import { firstOfEachKind } from "./kind.ts";
import { adjusted, significantOf } from "./significance.ts";
import type { Significant } from "./significance.ts";
import { chooseVocabulary } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface SearchOptions {
  alpha: number;
  minSupport: number;
  maxDepth: 1 | 2 | 3;
  /** Items conjunctions are built from. */
  maxItems: number;
  /** Conjunctions of three that are counted. */
  maxCandidates: number;
}

/** What a search found, before redundancy is removed. */
export interface Found {
  totals: Totals;
  vocabulary: Vocabulary;
  budgets: DepthBudget[];
  /** Significant and productive, surest first; of those that differ only in cuts, the surest. */
  candidates: Candidate[];
  dropped: string[];
}

/** Most candidates whose clusters are looked at, and that selection goes through. */
const MAX_CANDIDATES = 1_000;

/** Enumerates, tests and ranks every conjunction of a codebook's items. */
export function* search(codebook: Codebook, options: SearchOptions): Asking<Found> {
  const totals = yield* askTotals();
  const least = Math.max(3, Math.ceil(options.minSupport * totals.failures - 1e-9));
  const vocabulary = yield* chooseVocabulary(codebook, totals, { least, maxItems: options.maxItems });
  const budgets = depthBudgets(vocabulary.sizes, totals, options);
  const enumeration = yield* enumerate(vocabulary, codebook.attributeOf, totals, budgets, options.maxCandidates);
  const { failures, passes } = totals;
  const found = enumeration.levels.flatMap((level, index) => {
    const budget = budgets[index];
    return budget === undefined
      ? []
      : candidatesOf(level, significantOf(level, budget, totals, enumeration.pairs, options.alpha));
  });
  const ranked = found.filter((candidate) => candidate.risk.low > 1).sort(bySureness);
  const kinds = firstOfEachKind(ranked, codebook);
  const candidates = kinds.slice(0, MAX_CANDIDATES);
  const dropped = [...enumeration.dropped];
  if (kinds.length > candidates.length) {
    dropped.push(`${kinds.length - candidates.length} significant patterns, the least sure ones`);
  }
  const clustered = yield* deflateByClusters(candidates, totals, budgets, options.alpha);
  return { totals, vocabulary, budgets, candidates: clustered, dropped };

  function candidatesOf({ depth, items, failing, passing }: Level, { index, p, strictP, q }: Significant): Candidate[] {
    return Array.from(index, (row, at) => {
      const counts = { failing: failing[row] ?? 0, failures, passing: passing[row] ?? 0, passes };
      const tested = { p: p[at] ?? 1, strictP: strictP[at] ?? 1, q: q[at] ?? 1 };
      return candidateOf(Array.from(items.subarray(row * depth, (row + 1) * depth)), counts, tested);
    });
  }
}

/**
 * Repeats the tests with runs of one cluster counted for what they are worth. A deflated p is never smaller than the plain one,
 * so only what was significant before can be now; everything else stays in the bill at p = 1.
 */
function* deflateByClusters(
  candidates: readonly Candidate[],
  totals: Totals,
  budgets: readonly DepthBudget[],
  alpha: number,
): Asking<Candidate[]> {
  const moments = yield* askClusters(candidates.map((candidate) => candidate.items));
  if (moments.clusters === 0) return [...candidates];
  const effects = designEffects(
    moments,
    totals,
    candidates.map(({ failing, passing }) => failing + passing),
  );
  const deflated = candidates.map((one, at) => {
    const effect = effects[at] ?? 1;
    return candidateOf(
      one.items,
      one,
      { p: deflate(one.p, effect), strictP: deflate(one.strictP, effect), q: 1 },
      effect,
    );
  });
  return budgets
    .flatMap((budget, index) => {
      const level = deflated.filter(({ items }) => items.length === index + 1);
      const q = adjusted(
        level.map((one) => one.strictP),
        budget,
      );
      return level.map((one, at) => ({ ...one, q: q[at] ?? 1 }));
    })
    .filter((candidate) => candidate.q <= alpha && candidate.risk.low > 1)
    .sort(bySureness);
}
