import { benjaminiHochberg } from "../../internal/statistics/benjamini-hochberg.ts";
import { enrichmentZ, fisherGreater } from "../../internal/statistics/fisher.ts";
import type { Counts } from "../../internal/statistics/fisher.ts";
import type { Codebook } from "../codebook.ts";
import { byRank, candidateOf, deflate } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { askClusters, askTotals } from "./count-request.ts";
import type { Asking, Itemset, Totals } from "./count-request.ts";
import { designEffects } from "./design-effect.ts";
import { enumerate } from "./enumerate.ts";
import type { Enumeration, Level } from "./enumerate.ts";
import { depthBudgets } from "./hypotheses.ts";
import type { DepthBudget } from "./hypotheses.ts";
import { significantOf } from "./significance.ts";
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
  const found: Candidate[] = [];
  enumeration.levels.forEach((level, index) => {
    const budget = budgets[index];
    if (budget === undefined) return;
    const { index: at, p, q } = significantOf(level, budget, totals, options.alpha);
    at.forEach((row, position) => {
      const items = Array.from(level.items.subarray(row * level.depth, (row + 1) * level.depth));
      const counts = countsAt(level, row, totals);
      if (isProductive(items, counts, totals, enumeration, options.alpha / vocabulary.items.length, 1)) {
        found.push(candidateOf(items, counts, p[position] ?? 1, q[position] ?? 1));
      }
    });
  });
  const ranked = found.filter((candidate) => candidate.risk.low > 1).sort(byRank);
  const candidates = ranked.slice(0, MAX_CANDIDATES);
  const dropped = [...enumeration.dropped];
  if (ranked.length > candidates.length)
    dropped.push(`${ranked.length - candidates.length} significant patterns of lowest rank`);
  const clustered = yield* deflateByClusters(candidates, totals, vocabulary, enumeration, budgets, options.alpha);
  return { totals, vocabulary, budgets, candidates: clustered, dropped };
}

function countsAt(level: Level, row: number, { failures, passes }: Totals): Counts {
  return { failing: level.failing[row] ?? 0, failures, passing: level.passing[row] ?? 0, passes };
}

/**
 * Whether each condition earns its place (Webb's productivity): among the runs that meet the others, those that meet it too
 * fail more often, tested at `alpha`, which has been divided by the items it could have been.
 */
function isProductive(
  items: Itemset,
  { failing, passing }: Counts,
  totals: Totals,
  { pairs }: Enumeration,
  alpha: number,
  designEffect: number,
): boolean {
  if (items.length === 1) return true;
  return items.every((_, without) => {
    const [a = 0, b] = items.filter((_, index) => index !== without);
    const within: Counts = {
      failing,
      failures: b === undefined ? (totals.failing[a] ?? 0) : pairs.count("failing", a, b),
      passing,
      passes: b === undefined ? (totals.passing[a] ?? 0) : pairs.count("passing", a, b),
    };
    // Cheap first: nothing this near the mean is significant at a divided alpha.
    if (alpha < 0.005 && enrichmentZ(within) < 2) return false;
    return deflate(fisherGreater(within), designEffect) <= alpha;
  });
}

/**
 * Repeats the tests with runs of one cluster counted for what they are worth. A deflated p is never smaller than the plain one,
 * so only what was significant before can be now; everything else stays in the bill at p = 1.
 */
function* deflateByClusters(
  candidates: readonly Candidate[],
  totals: Totals,
  vocabulary: Vocabulary,
  enumeration: Enumeration,
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
  const share = alpha / vocabulary.items.length;
  return deflated
    .filter((candidate) => candidate.q <= alpha && candidate.risk.low > 1)
    .filter((candidate) => isProductive(candidate.items, candidate, totals, enumeration, share, candidate.designEffect))
    .sort(byRank);
}
