import { fisherGreater } from "../../internal/statistics/fisher.ts";
import { normalQuantile } from "../../internal/statistics/normal.ts";
import type { Itemset, Totals } from "./count-request.ts";
import type { PairTable } from "./pair-table.ts";

/**
 * No hypergeometric tail is lighter than this: the z of a count is at least 0.7 times the normal quantile of its p (the limit
 * is 1 / sqrt 2, where nearly all runs fail; where few fail, tails are heavier than the normal one).
 */
export function leastZ(p: number): number {
  return p >= 0.5 ? 0 : -0.7 * normalQuantile(p);
}

/** p of the hypothesis that some of a conjunction's conditions add nothing. */
export type ProductivityTest = (items: Itemset, failing: number, passing: number) => number;

/**
 * Webb's productivity ("Discovering significant patterns", 2007): a conjunction must be over-represented not only among all
 * runs but within each of its own parts, or `real and noise` would pass for a finding. One Fisher test per proper subset;
 * the largest p is a valid p for "some part does as well alone" (an intersection-union test), and it goes into the same
 * Benjamini-Hochberg over everything enumerated. `hopeless` is a p above which the caller does not care: 1 is returned early.
 */
export function productivityTest(totals: Totals, pairs: PairTable, hopeless: number): ProductivityTest {
  const hopelessZ = leastZ(hopeless);
  const within = (failing: number, failures: number, passing: number, passes: number): number => {
    // Cheap first: nothing this near the mean is below the hopeless p.
    const [runs, matching] = [failures + passes, failing + passing];
    const above = failing - (matching * failures) / runs;
    const variance = (matching * (runs - matching) * failures * passes) / (runs * runs * (runs - 1));
    if (above <= 0 || above * above < hopelessZ * hopelessZ * variance) return 1;
    return fisherGreater({ failing, failures, passing, passes });
  };
  return (items, failing, passing) => {
    const size = items.length;
    if (size === 1) return 0;
    let largest = 0;
    for (let at = 0; at < size && largest <= hopeless; at += 1) {
      const item = items[at] ?? 0;
      largest = Math.max(largest, within(failing, totals.failing[item] ?? 0, passing, totals.passing[item] ?? 0));
      if (size < 3 || largest > hopeless) continue;
      const next = items[(at + 1) % size] ?? 0;
      largest = Math.max(
        largest,
        within(failing, pairs.count("failing", item, next), passing, pairs.count("passing", item, next)),
      );
    }
    return largest > hopeless ? 1 : largest;
  };
}
