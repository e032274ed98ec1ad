import type { Codebook } from "../codebook.ts";
import { byRank, bySureness, sureness } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { itemsOf } from "./count-request.ts";
import type { Asking } from "./count-request.ts";
import type { DepthBudget } from "./hypotheses.ts";
import type { Found } from "./search.ts";
import { askLayers, information, layeredP, layeredRisk, layeredZ, summed } from "./layers.ts";
import type { Layers } from "./layers.ts";
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
 * 2. From the least sure: whatever the others explain together by now is taken out again.
 */
function* coverFailures(found: Found, codebook: Codebook, limit: number, alpha: number): Asking<Candidate[]> {
  const { strata } = found;
  const cut = alpha / Math.max(1, found.candidates.length);
  const holds = (candidate: Candidate, given: Layers): boolean => {
    if (summed(given).failing < 3 || information(given) < OWN_INFORMATION * information(candidate.layers)) return false;
    const least = Math.min(ENOUGH_RISK, 1 + OWN_RISK * (candidate.risk.ratio - 1));
    return layeredRisk(given).ratio >= least && layeredP(given, candidate.designEffect) <= cut;
  };

  let shown: Candidate[] = [];
  for (let pool = found.candidates; pool.length > 0 && shown.length < 2 * limit;) {
    const given = yield* askLayers(strata, itemsOf(shown), itemsOf(pool));
    let taken: { candidate: Candidate; sureness: number } | undefined;
    for (const [at, candidate] of pool.entries()) {
      const layers = given[at] ?? [];
      const sure = sureness(layers, candidate.items.length, candidate.designEffect);
      if ((taken === undefined || sure > taken.sureness) && holds(candidate, layers))
        taken = { candidate, sureness: sure };
    }
    if (taken === undefined) break;
    shown.push(yield* sharpenCuts(taken.candidate, found, codebook));
    pool = pool.filter((candidate, at) => {
      return (
        candidate !== taken.candidate && layeredZ(given[at] ?? []) >= HOPELESS_Z * Math.sqrt(candidate.designEffect)
      );
    });
  }
  for (const candidate of shown.toSorted((a, b) => bySureness(b, a))) {
    const others = shown.filter((other) => other !== candidate);
    const [given = []] = yield* askLayers(strata, itemsOf(others), [candidate.items]);
    if (!holds(candidate, given)) shown = others;
  }
  return shown;
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
