import { riskRatio } from "../../internal/statistics/risk-ratio.ts";
import type { Codebook } from "../codebook.ts";
import { byRank, bySureness, candidateOf, clusteredP, excess, sureness } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { askResidual } from "./count-request.ts";
import type { Asking, Itemset, Residual } from "./count-request.ts";
import type { DepthBudget } from "./hypotheses.ts";
import type { Found } from "./search.ts";
import { kindOf } from "./kind.ts";
import { adjusted } from "./significance.ts";

/** Share of its rows a pattern must keep where the others do not match, relative to the share all rows keep there. */
const OWN_ROWS = 1 / 3;
/** Share of its excess risk (risk ratio - 1) it must keep there. */
const OWN_RISK = 0.5;
/** Below this share of its excess outside its refinements, a pattern was only their shadow. */
const SHADOW_SHARE = 0.1;
/** Refinements considered per pattern. */
const MAX_REFINEMENTS = 16;

/**
 * Chooses the few patterns worth showing, each only if it holds on runs none of the others matches.
 *
 * 1. Greedy cover. Among the runs no taken pattern matches, the candidate that stands out most is taken next, as long as it has
 *    rows of its own there and half of its excess risk, significantly (alpha divided by the candidates). Looking at the rest
 *    only keeps `a and b` from being taken because of an overlap with a strong `c`. Its numeric cuts then move to the best.
 * 2. A pattern whose excess vanishes outside its own refinements (`a`, when really `a and b` or `a and c` fail) gives way to them.
 * 3. From the least sure: whatever the others explain together by now is taken out again, unless it is a sharper case of one.
 * 4. Benjamini-Hochberg once more over the whole bill, but counting only the patterns left as rejections: in the search the many
 *    relatives of one strong pattern are all rejected and would make room for false ones beside it.
 */
export function* selectPatterns(found: Found, codebook: Codebook, limit: number, alpha: number): Asking<Candidate[]> {
  const cut = alpha / Math.max(1, found.candidates.length);
  const hasOwnRows = (candidate: Candidate, left: Residual, at: number): boolean => {
    const { failing, passing } = countsOf(left, at);
    const openRows = (left.failures + left.passes) / (candidate.failures + candidate.passes);
    const ownRows = (failing + passing) / (candidate.failing + candidate.passing);
    return failing >= 3 && ownRows >= OWN_ROWS * openRows;
  };
  const holds = (candidate: Candidate, left: Residual, at: number): boolean => {
    const counts = countsOf(left, at);
    if (riskRatio(counts).ratio - 1 < OWN_RISK * (candidate.risk.ratio - 1)) return false;
    return hasOwnRows(candidate, left, at) && clusteredP(counts, candidate.designEffect) <= cut;
  };

  let shown: Candidate[] = [];
  for (let pool = found.candidates; pool.length > 0 && shown.length < 2 * limit;) {
    const left = yield* askResidual(itemsOf(shown), itemsOf(pool));
    let taken: { candidate: Candidate; sureness: number } | undefined;
    for (const [at, candidate] of pool.entries()) {
      if (!holds(candidate, left, at)) continue;
      const sure = sureness(countsOf(left, at), candidate.items.length, candidate.designEffect);
      if (taken === undefined || sure > taken.sureness) taken = { candidate, sureness: sure };
    }
    if (taken === undefined) break;
    shown.push(yield* sharpenCuts(taken.candidate, found, codebook));
    // Rows only get fewer, while the excess risk of a candidate can come back once a stronger pattern is accounted for.
    pool = pool.filter((candidate, at) => candidate !== taken.candidate && hasOwnRows(candidate, left, at));
  }

  for (const candidate of shown) {
    const others = shown.filter((other) => other !== candidate);
    const parts = yield* refinementsOf(candidate, others, found.candidates, codebook, cut);
    if (parts === null) continue;
    shown = others;
    for (const part of parts) shown.push(yield* sharpenCuts(part, found, codebook));
  }
  for (const candidate of shown.toSorted((a, b) => bySureness(b, a))) {
    const others = shown.filter((other) => other !== candidate);
    const left = yield* askResidual(itemsOf(others), [candidate.items]);
    if (!holds(candidate, left, 0) && !(yield* sharpens(candidate, others, codebook, cut))) shown = others;
  }
  return adjustShown(shown, found.budgets, alpha).sort(byRank).slice(0, limit);
}

/**
 * Whether the pattern stands out within a wider one that is shown (`a and b` within `a`), where no third one matches: then both
 * are worth knowing. An overlap of two shown patterns never is, for there the third one always matches.
 */
function* sharpens(
  candidate: Candidate,
  others: readonly Candidate[],
  codebook: Codebook,
  cut: number,
): Asking<boolean> {
  const kindsOf = ({ items }: Candidate): string[] => items.map((item) => kindOf(codebook.items[item]));
  for (const wider of others.filter((other) => isSubset(kindsOf(other), kindsOf(candidate)))) {
    const thirds = others.filter((other) => other !== wider);
    const left = yield* askResidual(itemsOf(thirds), itemsOf([candidate, wider]));
    const [inner, outer] = [countsOf(left, 0), countsOf(left, 1)];
    const within = { ...inner, failures: outer.failing, passes: outer.passing };
    if (inner.failing >= 3 && clusteredP(within, candidate.designEffect) <= cut) return true;
  }
  return false;
}

/** The q-values of the shown set itself; patterns above alpha leave. */
function adjustShown(shown: readonly Candidate[], budgets: readonly DepthBudget[], alpha: number): Candidate[] {
  return budgets
    .flatMap((budget, index) => {
      const level = shown.filter(({ items }) => items.length === index + 1);
      const q = adjusted(
        level.map((candidate) => candidate.strictP),
        budget,
      );
      return level.map((candidate, at) => ({ ...candidate, q: q[at] ?? 1 }));
    })
    .filter((candidate) => candidate.q <= alpha);
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
      const other = candidateOf(itemset, countsOf(counts, at), { ...candidate, p }, candidate.designEffect);
      // A p no larger than the one that was significant is significant too.
      if (p <= candidate.p && bySureness(other, best) < 0) best = other;
    }
  }
  return best;
}

/** The refinements that together account for a pattern, or `null` when it stands on its own. */
function* refinementsOf(
  candidate: Candidate,
  others: readonly Candidate[],
  candidates: readonly Candidate[],
  codebook: Codebook,
  cut: number,
): Asking<Candidate[] | null> {
  const kindsOf = (items: Itemset): string[] => items.map((item) => kindOf(codebook.items[item]));
  const finer = candidates
    .filter(({ items }) => items.length > candidate.items.length && isSubset(kindsOf(candidate.items), kindsOf(items)))
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

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  return part.every((kind) => whole.includes(kind));
}
