import { LoopsmithError } from "../../model/errors.ts";
import type { Codebook } from "../codebook.ts";
import { bySureness, candidateOf } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { askTotals } from "./count-request.ts";
import type { Asking, Itemset, Totals } from "./count-request.ts";
import { enumerate } from "./enumerate.ts";
import type { Level } from "./enumerate.ts";
import { depthBudgets } from "./hypotheses.ts";
import type { DepthBudget } from "./hypotheses.ts";
import { firstOfEachKind } from "./kind.ts";
import { stillSignificant, testClustered, testWithinStrata } from "./retest.ts";
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
  /** Feature within whose values runs are compared. */
  stratifyBy?: string;
}

/** What a search found, before redundancy is removed. */
export interface Found {
  totals: Totals;
  vocabulary: Vocabulary;
  budgets: DepthBudget[];
  /** Items that mark the strata, none when runs are compared across all. */
  strata: readonly Itemset[];
  /** Significant and productive, surest first; of those that differ only in cuts, the surest. */
  candidates: Candidate[];
  dropped: string[];
}

/** Most candidates that are tested again within strata. */
const MAX_STRATIFIED = 10_000;
/** Most candidates whose clusters are looked at, and that selection goes through. */
const MAX_CANDIDATES = 1_000;

/** Enumerates, tests and ranks every conjunction of a codebook's items. */
export function* search(codebook: Codebook, options: SearchOptions): Asking<Found> {
  const totals = yield* askTotals();
  const strata = strataOf(codebook, options.stratifyBy);
  const least = Math.max(3, Math.ceil(options.minSupport * totals.failures - 1e-9));
  const vocabulary = yield* chooseVocabulary(codebook, totals, {
    least,
    maxItems: options.maxItems,
    without: strata.flat(),
  });
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
  const dropped = [...enumeration.dropped];
  const first = <T>(all: readonly T[], limit: number): T[] => {
    if (all.length > limit)
      dropped.push(`${all.length - limit} significant patterns, the least sure ones (limit ${limit})`);
    return all.slice(0, limit);
  };
  const comparable =
    strata.length === 0
      ? ranked
      : stillSignificant(yield* testWithinStrata(first(ranked, MAX_STRATIFIED), strata), budgets, options.alpha);
  const kinds = first(firstOfEachKind(comparable, codebook), MAX_CANDIDATES);
  const clustered = yield* testClustered(kinds, totals);
  const tested = clustered.some(({ designEffect }) => designEffect > 1)
    ? stillSignificant(clustered, budgets, options.alpha)
    : clustered;
  return { totals, vocabulary, budgets, strata, candidates: tested, dropped };

  function candidatesOf({ depth, items, failing, passing }: Level, { index, p, strictP, q }: Significant): Candidate[] {
    return Array.from(index, (row, at) => {
      const counts = { failing: failing[row] ?? 0, failures, passing: passing[row] ?? 0, passes };
      const tested = { p: p[at] ?? 1, strictP: strictP[at] ?? 1, q: q[at] ?? 1 };
      return candidateOf(Array.from(items.subarray(row * depth, (row + 1) * depth)), [counts], tested);
    });
  }
}

/** The values of the stratifying feature, "missing" among them. */
function strataOf({ attributes, items, attributeOf }: Codebook, stratifyBy: string | undefined): Itemset[] {
  if (stratifyBy === undefined) return [];
  const index = attributes.findIndex(({ feature }) => feature === stratifyBy);
  if (index < 0) {
    throw new LoopsmithError("invalid", `there is no feature ${stratifyBy} to stratify by`, {
      hint: "Name a feature that runs have, for example metadata.route.",
    });
  }
  return items.flatMap(({ operator }, item) =>
    attributeOf[item] === index && (operator === "=" || operator === "missing") ? [[item]] : [],
  );
}
