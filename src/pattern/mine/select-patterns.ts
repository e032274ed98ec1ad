import type { Codebook } from "../codebook.ts";
import { byRank, bySureness, sureness } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { itemsOf } from "./count-request.ts";
import type { Asking } from "./count-request.ts";
import type { DepthBudget } from "./hypotheses.ts";
import type { Found } from "./search.ts";
import { askLayers, information, layeredP, layeredRisk, layeredZ, summed } from "./layers.ts";
import type { Layers } from "./layers.ts";
import { kindOf } from "./kind.ts";
import { sharpenCuts } from "./sharpen-cuts.ts";
import { adjusted } from "./significance.ts";

/** Share of its information a pattern must keep given the others: how much it still varies where they do not. */
const OWN_INFORMATION = 0.25;
/** Share of its excess risk (risk ratio - 1) it must keep given the others, unless what it keeps is much by itself. */
const OWN_RISK = 0.5;
const ENOUGH_RISK = 1.5;
/** A candidate this little over-represented given the taken ones is not looked at again. */
const HOPELESS_Z = 2;

/**
 * Chooses the few patterns worth showing. In the search the many relatives of one strong pattern are all rejected, which makes
 * room for false ones beside it; so Benjamini-Hochberg is repeated over the whole bill with only the shown patterns counted as
 * rejections. Where one of them fails that, all candidates as weak as it leave and the choice is made again.
 */
export function* selectPatterns(found: Found, codebook: Codebook, limit: number, alpha: number): Asking<Candidate[]> {
  let { candidates } = found;
  for (;;) {
    const shown = yield* coverFailures({ ...found, candidates }, codebook, limit, alpha);
    const kept = withShownQ(shown, found.budgets, alpha);
    const strongEnough = candidates.filter(({ items, strictP }) => {
      const { hypotheses = 1, weight = 1 } = found.budgets[items.length - 1] ?? {};
      const rejections = 1 + kept.filter((other) => other.items.length === items.length).length;
      return strictP * hypotheses <= alpha * weight * rejections;
    });
    if (kept.length === shown.length || strongEnough.length === candidates.length)
      return kept.sort(byRank).slice(0, limit);
    candidates = strongEnough;
  }
}

/**
 * Candidates that each tell something the others do not. A candidate is compared given the ones taken already: only runs that
 * match the same of them are compared with each other, by Mantel-Haenszel over these cells. What a taken pattern explains drops
 * out (`a` beside `a and b`, the overlap of two patterns), what stands out beside or within a taken one stays.
 *
 * 1. The surest candidate given the taken ones is taken, and its numeric cuts move to the best, until none is left that holds.
 *    The surest first, since the conditions that really matter give the sharpest contrast of all their relatives.
 * 2. Where fewer of a taken pattern's conditions are surer given all the others, these replace it: early on, `a and b` stands
 *    out more than `b` for what a later pattern with `a` explains.
 * 3. From the least sure: whatever the others explain together by now is taken out again.
 */
function* coverFailures(found: Found, codebook: Codebook, limit: number, alpha: number): Asking<Candidate[]> {
  let shown: Candidate[] = [];
  for (let pool = found.candidates; pool.length > 0 && shown.length < 2 * limit;) {
    const given =
      shown.length === 0
        ? pool.map(({ layers }) => layers)
        : yield* askLayers(found.strata, itemsOf(shown), itemsOf(pool));
    const promising = pool
      .map((candidate, at) => ({ candidate, given: given[at] ?? [] }))
      .filter(({ candidate, given }) => holds(candidate, given, shown, found, alpha))
      .map(({ candidate, given }) => {
        return { candidate, sure: sureness(given, candidate.items.length, candidate.designEffect) };
      })
      .sort((a, b) => b.sure - a.sure);
    const done = new Set<Candidate>();
    let taken: Candidate | undefined;
    for (const { candidate } of promising) {
      done.add(candidate);
      if (!(yield* holdsWithCutsMoved(candidate, shown, found, codebook, alpha))) continue;
      taken = candidate;
      break;
    }
    if (taken === undefined) break;
    shown.push(yield* sharpenCuts(taken, found, codebook));
    pool = pool.filter((candidate, at) => {
      return !done.has(candidate) && layeredZ(given[at] ?? []) >= HOPELESS_Z * Math.sqrt(candidate.designEffect);
    });
  }
  shown = yield* withSimplerOnes(shown, found, codebook);
  for (const candidate of shown.toSorted((a, b) => bySureness(b, a))) {
    const others = shown.filter((other) => other !== candidate);
    const [given = []] = yield* askLayers(found.strata, itemsOf(others), [candidate.items]);
    const stays =
      holds(candidate, given, others, found, alpha) &&
      (yield* holdsWithCutsMoved(candidate, others, found, codebook, alpha));
    if (!stays) shown = others;
  }
  return shown;
}

function* withSimplerOnes(shown: readonly Candidate[], found: Found, { items }: Codebook): Asking<Candidate[]> {
  const kinds = items.map(kindOf);
  const result = [...shown];
  for (const [at, candidate] of shown.entries()) {
    const own = new Set(candidate.items.map((item) => kinds[item]));
    const simpler = found.candidates.filter((other) => {
      return (
        other.items.length < candidate.items.length &&
        other.items.every((item) => own.has(kinds[item])) &&
        !result.includes(other)
      );
    });
    if (simpler.length === 0) continue;
    const others = result.filter((other) => other !== candidate);
    const rivals = [candidate, ...simpler];
    const given = yield* askLayers(found.strata, itemsOf(others), itemsOf(rivals));
    const sure = rivals.map((one, rival) => sureness(given[rival] ?? [], one.items.length, one.designEffect));
    const best = sure.indexOf(Math.max(...sure));
    result[at] = rivals[best] ?? candidate;
  }
  return result;
}

/** Whether a candidate still varies, raises the risk and is significant for the whole bill, given others. */
function holds(
  candidate: Candidate,
  given: Layers,
  others: readonly Candidate[],
  { budgets }: Found,
  alpha: number,
): boolean {
  if (summed(given).failing < 3 || information(given) < OWN_INFORMATION * information(candidate.layers)) return false;
  const depth = candidate.items.length;
  const { hypotheses = 1, weight = 1 } = budgets[depth - 1] ?? {};
  const rejections = 1 + others.filter(({ items }) => items.length === depth).length;
  const least = Math.min(ENOUGH_RISK, 1 + OWN_RISK * (candidate.risk.ratio - 1));
  return (
    layeredRisk(given).ratio >= least &&
    layeredP(given, candidate.designEffect) * hypotheses <= alpha * weight * rejections
  );
}

/**
 * The same given the others with their cuts moved to the candidate's. A cut is only known to lie about there: beside
 * `x < 0.3` shown for what is really `x < 0.35`, `x < 0.4 and b` stands out for no other reason than this.
 */
function* holdsWithCutsMoved(
  candidate: Candidate,
  others: readonly Candidate[],
  found: Found,
  { items }: Codebook,
  alpha: number,
): Asking<boolean> {
  const cutOf = new Map(candidate.items.map((item) => [kindOf(items[item]), item]));
  const moved = others.map((other) => other.items.map((item) => cutOf.get(kindOf(items[item])) ?? item));
  if (moved.every((itemset, at) => itemset.every((item, place) => item === others[at]?.items[place]))) return true;
  const [given = []] = yield* askLayers(found.strata, moved, [candidate.items]);
  return holds(candidate, given, others, found, alpha);
}

/** The q-values of the shown set itself; patterns above alpha leave. */
function withShownQ(shown: readonly Candidate[], budgets: readonly DepthBudget[], alpha: number): Candidate[] {
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
