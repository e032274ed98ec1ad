import { riskRatio } from "../../internal/statistics/risk-ratio.ts";
import type { Codebook } from "../codebook.ts";
import { byRank, candidateOf, clusteredP, excess } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { askResidual } from "./count-request.ts";
import type { Asking, Itemset, Residual } from "./count-request.ts";
import type { Found } from "./search.ts";

/** Candidates asked about at once. */
const BATCH = 32;
/** Share of its rows a pattern must keep where the others do not match, relative to the share all rows keep there. */
const OWN_ROWS = 1 / 3;
/** Share of its excess risk (risk ratio - 1) it must keep there. */
const OWN_RISK = 0.5;
/** Below this share of its excess outside its refinements, a pattern was only their shadow. */
const SHADOW_SHARE = 0.1;
/** Refinements considered per pattern. */
const MAX_REFINEMENTS = 16;

/**
 * Chooses the few patterns worth showing: best first, each only if it still holds on runs none of the others matches.
 *
 * 1. Greedy cover in rank order. A candidate is taken when, on the runs no taken one matches, it still has rows of its own and
 *    half of its excess risk, significantly (alpha divided by the candidates). Its numeric cuts are then moved to the best of all cuts.
 * 2. A pattern whose excess vanishes outside its own refinements (`a`, when really `a and b` or `a and c` fail) gives way to them.
 * 3. From the last: whatever the others explain together by now is taken out again.
 */
export function* selectPatterns(found: Found, codebook: Codebook, limit: number, alpha: number): Asking<Candidate[]> {
  const { candidates } = found;
  const cut = alpha / Math.max(1, candidates.length);
  const holds = (candidate: Candidate, left: Residual, at: number): boolean => {
    const counts = countsOf(left, at);
    const openRows = (left.failures + left.passes) / (candidate.failures + candidate.passes);
    const ownRows = (counts.failing + counts.passing) / (candidate.failing + candidate.passing);
    if (counts.failing < 3 || ownRows < OWN_ROWS * openRows) return false;
    if (riskRatio(counts).ratio - 1 < OWN_RISK * (candidate.risk.ratio - 1)) return false;
    return clusteredP(counts, candidate.designEffect) <= cut;
  };

  let shown: Candidate[] = [];
  for (let from = 0; from < candidates.length && shown.length < limit;) {
    const batch = candidates.slice(from, from + BATCH);
    const left = yield* askResidual(itemsOf(shown), itemsOf(batch));
    const at = batch.findIndex((candidate, index) => holds(candidate, left, index));
    from += at < 0 ? batch.length : at + 1;
    const taken = batch[at];
    if (taken !== undefined) shown.push(yield* sharpenCuts(taken, found, codebook));
  }

  for (const candidate of shown) {
    const others = shown.filter((other) => other !== candidate);
    const parts = yield* refinementsOf(candidate, others, candidates, cut);
    if (parts !== null) shown = [...others, ...parts];
  }
  for (const candidate of shown.toSorted((a, b) => byRank(b, a))) {
    const others = shown.filter((other) => other !== candidate);
    const left = yield* askResidual(itemsOf(others), [candidate.items]);
    if (!holds(candidate, left, 0)) shown = others;
  }
  return shown.sort(byRank).slice(0, limit);
}

function itemsOf(candidates: readonly Candidate[]): Itemset[] {
  return candidates.map((candidate) => candidate.items);
}

function countsOf({ failing, failures, passing, passes }: Residual, at: number): Parameters<typeof excess>[0] {
  return { failing: failing[at] ?? 0, failures, passing: passing[at] ?? 0, passes };
}

/**
 * Conjunctions are searched with coarser cuts than single conditions; here each cut of a chosen one moves to the best of all
 * its feature's cuts. The bill already counts the fine cuts at every depth, so the p stays honest.
 */
function* sharpenCuts(candidate: Candidate, { vocabulary }: Found, { items }: Codebook): Asking<Candidate> {
  let best = candidate;
  if (candidate.items.length === 1) return best;
  for (const [position, item] of candidate.items.entries()) {
    const predicate = items[item];
    if (predicate?.operator !== "<" && predicate?.operator !== ">=") continue;
    const cuts = vocabulary.items.filter((other) => {
      return items[other]?.feature === predicate.feature && items[other]?.operator === predicate.operator;
    });
    const moved = cuts.map((cut) => best.items.with(position, cut));
    const counts = yield* askResidual([], moved);
    for (const [at, itemset] of moved.entries()) {
      const p = clusteredP(countsOf(counts, at), candidate.designEffect);
      const other = candidateOf(itemset, countsOf(counts, at), p, candidate.q, candidate.designEffect);
      // A p no larger than the one that was significant is significant too.
      if (p <= candidate.p && byRank(other, best) < 0) best = other;
    }
  }
  return best;
}

/** The refinements that together account for a pattern, or `null` when it stands on its own. */
function* refinementsOf(
  candidate: Candidate,
  others: readonly Candidate[],
  candidates: readonly Candidate[],
  cut: number,
): Asking<Candidate[] | null> {
  const finer = candidates
    .filter(
      ({ items }) => items.length > candidate.items.length && candidate.items.every((item) => items.includes(item)),
    )
    .slice(0, MAX_REFINEMENTS);
  if (finer.length === 0) return null;
  const before = yield* askResidual(itemsOf(others), [candidate.items, ...itemsOf(finer)]);
  const whole = countsOf(before, 0);
  // Only those that stand out within the pattern, not because of another pattern they overlap.
  const refinements = finer.filter((_, index) => {
    const { failing, passing } = countsOf(before, index + 1);
    const within = { failing, failures: whole.failing, passing, passes: whole.passing };
    return clusteredP(within, candidate.designEffect) <= cut;
  });
  const parts: Candidate[] = [];
  for (const refinement of refinements) {
    parts.push(refinement);
    const left = countsOf(yield* askResidual(itemsOf([...others, ...parts]), [candidate.items]), 0);
    const gone = excess(left) < SHADOW_SHARE * excess(whole) || clusteredP(left, candidate.designEffect) > cut;
    if (gone) return parts;
  }
  return null;
}
