import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hypergeometric } from "./fisher.ts";
import { tableLogBets } from "./table-bet.ts";

/** Given the margins, the expected e-value at the true odds ratio. */
function expectedValue(matching: number, failures: number, passes: number, ratio: number, truth: number): number {
  let weights = 0;
  let sum = 0;
  for (let x = Math.max(0, matching - passes); x <= Math.min(matching, failures); x += 1) {
    const weight = hypergeometric(x, failures, passes, matching) * truth ** x;
    const [bet = 0] = tableLogBets({ failing: x, passing: matching - x, failures, passes }, [ratio]);
    weights += weight;
    sum += weight * Math.exp(bet);
  }
  return sum / weights;
}

test("the expected e-value is 1 at odds ratio 1, below 1 under it and above 1 over it", () => {
  const count = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(count, count, count, fc.constantFrom(1.5, 4), (a, failures, passes, ratio) => {
      const matching = Math.min(a, failures + passes);
      expect(expectedValue(matching, failures, passes, ratio, 1)).toBeCloseTo(1, 8);
      expect(expectedValue(matching, failures, passes, ratio, 0.7)).toBeLessThanOrEqual(1 + 1e-9);
      expect(expectedValue(matching, failures, passes, ratio, ratio)).toBeGreaterThanOrEqual(1 - 1e-9);
    }),
    { numRuns: 60 },
  );
});

test("an empty margin is no evidence, and huge tables stay finite", () => {
  for (const counts of [
    { failing: 0, passing: 0, failures: 10, passes: 90 },
    { failing: 0, passing: 5, failures: 0, passes: 90 },
    { failing: 10, passing: 90, failures: 10, passes: 90 },
  ])
    for (const bet of tableLogBets(counts, [2, 8])) expect(bet).toBeCloseTo(0, 9);
  const [bet = 0] = tableLogBets({ failing: 60_000, passing: 20_000, failures: 100_000, passes: 900_000 }, [8]);
  expect(Number.isFinite(bet)).toBe(true);
  expect(bet).toBeGreaterThan(1000);
});
