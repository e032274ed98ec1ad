import { fisherGreater } from "../../internal/statistics/fisher.ts";
import { deflate } from "./candidate.ts";
import type { Itemset, Totals } from "./count-request.ts";
import type { PairTable } from "./pair-table.ts";

/** Whether every condition of a conjunction earns its place. */
export type ProductivityTest = (items: Itemset, failing: number, passing: number, designEffect?: number) => boolean;

/**
 * Webb's productivity ("Discovering significant patterns", 2007): among the runs that meet all other conditions, those that
 * meet this one too fail more often, by Fisher's test at `alpha` divided by the `choices` of items it could have been.
 */
export function productivityTest(totals: Totals, pairs: PairTable, alpha: number, choices: number): ProductivityTest {
  const limit = alpha / choices;
  const holdsWithin = (
    failing: number,
    failures: number,
    passing: number,
    passes: number,
    designEffect: number,
  ): boolean => {
    // Cheap first: two standard deviations out the tail still holds more than 0.5%.
    const [runs, matching] = [failures + passes, failing + passing];
    const above = failing - (matching * failures) / runs;
    const variance = (matching * (runs - matching) * failures * passes) / (runs * runs * (runs - 1));
    if (above <= 0 || (limit < 0.005 && above * above < 4 * variance)) return false;
    return deflate(fisherGreater({ failing, failures, passing, passes }), designEffect) <= limit;
  };
  return (items, failing, passing, designEffect = 1) => {
    const [a = 0, b, c] = items;
    if (b === undefined) return true;
    if (c === undefined) {
      return [a, b].every((one) =>
        holdsWithin(failing, totals.failing[one] ?? 0, passing, totals.passing[one] ?? 0, designEffect),
      );
    }
    const within = (x: number, y: number): boolean =>
      holdsWithin(failing, pairs.count("failing", x, y), passing, pairs.count("passing", x, y), designEffect);
    return within(a, b) && within(a, c) && within(b, c);
  };
}
