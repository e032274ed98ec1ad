import { benjaminiHochberg } from "../../internal/statistics/benjamini-hochberg.ts";
import type { Codebook } from "../codebook.ts";
import { byRank, candidateOf, deflate } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { askClusters, askTotals } from "./count-request.ts";
import type { Asking, Totals } from "./count-request.ts";
import { designEffects } from "./design-effect.ts";
import { enumerate } from "./enumerate.ts";
import type { Level } from "./enumerate.ts";
import { depthBudgets } from "./hypotheses.ts";
import type { DepthBudget } from "./hypotheses.ts";
import { productivityTest } from "./productivity.ts";
import type { ProductivityTest } from "./productivity.ts";
import { significantOf } from "./significance.ts";
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
  /** Significant and productive, best first. */
  candidates: Candidate[];
  dropped: string[];
}

/** Most candidates whose clusters are looked at, and that selection goes through. */
const MAX_CANDIDATES = 2_000;

/** Enumerates, tests and ranks every conjunction of a codebook's items. */
export function* search(codebook: Codebook, options: SearchOptions): Asking<Found> {
  const totals = yield* askTotals();
  const least = Math.max(3, Math.ceil(options.minSupport * totals.failures - 1e-9));
  const vocabulary = yield* chooseVocabulary(codebook, totals, { least, maxItems: options.maxItems });
  const budgets = depthBudgets(vocabulary.sizes, totals, options);
  const enumeration = yield* enumerate(vocabulary, codebook.attributeOf, totals, budgets, options.maxCandidates);
  const isProductive = productivityTest(totals, enumeration.pairs, options.alpha, vocabulary.items.length);
  const { failures, passes } = totals;
  const found = enumeration.levels.flatMap((level, index) => {
    const budget = budgets[index];
    return budget === undefined ? [] : productiveOf(level, significantOf(level, budget, totals, options.alpha));
  });
  const ranked = found.filter((candidate) => candidate.risk.low > 1).sort(byRank);
  const candidates = ranked.slice(0, MAX_CANDIDATES);
  const dropped = [...enumeration.dropped];
  if (ranked.length > candidates.length)
    dropped.push(`${ranked.length - candidates.length} significant patterns of lowest rank`);
  const clustered = yield* deflateByClusters(candidates, totals, budgets, options.alpha, isProductive);
  return { totals, vocabulary, budgets, candidates: clustered, dropped };

  function productiveOf({ depth, items, failing, passing }: Level, { index, p, q }: Significant): Candidate[] {
    const kept: Candidate[] = [];
    for (let at = 0; at < index.length; at += 1) {
      const row = index[at] ?? 0;
      const itemset = Array.from(items.subarray(row * depth, (row + 1) * depth));
      const counts = { failing: failing[row] ?? 0, failures, passing: passing[row] ?? 0, passes };
      if (!isProductive(itemset, counts.failing, counts.passing)) continue;
      kept.push(candidateOf(itemset, counts, p[at] ?? 1, q[at] ?? 1));
    }
    return kept;
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
  isProductive: ProductivityTest,
): Asking<Candidate[]> {
  const moments = yield* askClusters(candidates.map((candidate) => candidate.items));
  if (moments.clusters === 0) return [...candidates];
  const effects = designEffects(
    moments,
    totals,
    candidates.map(({ failing, passing }) => failing + passing),
  );
  const deflated = budgets.flatMap((budget, index) => {
    const level = candidates
      .map((candidate, at) => ({ ...candidate, designEffect: effects[at] ?? 1 }))
      .filter((candidate) => candidate.items.length === index + 1)
      .map((candidate) => ({ ...candidate, p: deflate(candidate.p, candidate.designEffect) }));
    const q = benjaminiHochberg(
      level.map((candidate) => candidate.p),
      budget.hypotheses,
    );
    return level.map((candidate, at) =>
      candidateOf(
        candidate.items,
        candidate,
        candidate.p,
        Math.min(1, (q[at] ?? 1) / budget.weight),
        candidate.designEffect,
      ),
    );
  });
  return deflated
    .filter((candidate) => candidate.q <= alpha && candidate.risk.low > 1)
    .filter((candidate) => isProductive(candidate.items, candidate.failing, candidate.passing, candidate.designEffect))
    .sort(byRank);
}
