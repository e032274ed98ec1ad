import * as fc from "fast-check";
import { expect, test } from "vitest";
import { binomialCdf, clopperPearsonLower, clopperPearsonUpper } from "./binomial.ts";
import { incompleteBeta } from "./incomplete-beta.ts";

/** The definition, by direct summation. */
function summed(successes: number, trials: number, rate: number): number {
  let term = (1 - rate) ** trials;
  let sum = 0;
  for (let x = 0; x <= successes; x += 1) {
    sum += term;
    term *= ((trials - x) / (x + 1)) * (rate / (1 - rate));
  }
  return sum;
}

test("binomialCdf equals the sum of its terms", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (n, rate) => {
      for (let x = 0; x < n; x += 7) expect(binomialCdf(x, n, rate)).toBeCloseTo(summed(x, n, rate), 11);
    }),
    { numRuns: 60 },
  );
});

test("Clopper-Pearson bounds match published values", () => {
  // 5 of 100, two-sided 95%: 0.0164 to 0.1128 (Fleiss; R binom.test); 0 of 20: the upper end is 0.1684.
  expect(clopperPearsonLower(5, 100, 0.025)).toBeCloseTo(0.01643, 5);
  expect(clopperPearsonUpper(5, 100, 0.025)).toBeCloseTo(0.11283, 5);
  expect(clopperPearsonUpper(0, 20, 0.025)).toBeCloseTo(0.16843, 5);
  expect(clopperPearsonUpper(0, 0, 0.05)).toBe(1);
  expect(clopperPearsonLower(20, 20, 0.025)).toBeCloseTo(1 - 0.16843, 5);
});

test("the incomplete beta keeps its digits for a million runs", () => {
  expect(incompleteBeta(0.05, 50_000, 950_000)).toBeCloseTo(0.5, 2);
  expect(incompleteBeta(0.3, 2, 5)).toBeCloseTo(0.579825, 6);
  expect(clopperPearsonUpper(50_000, 1_000_000, 0.05)).toBeCloseTo(0.05036, 5);
});
