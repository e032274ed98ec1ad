import * as fc from "fast-check";
import { expect, test } from "vitest";
import { confidenceSequence, isRateBelow, rateUpperBound } from "./confidence-sequence.ts";
import { randomSource } from "../random.ts";

test("covers the true rate at every sample size at once, in at least the promised share of series", () => {
  for (const [rate, seed] of [
    [0.02, 1],
    [0.3, 2],
  ] as const) {
    const random = randomSource(seed);
    let missed = 0;
    for (let series = 0; series < 400; series += 1) {
      let failing = 0;
      for (let n = 1; n <= 300; n += 1) {
        if (random() < rate) failing += 1;
        const { low, high } = confidenceSequence(failing, n, 0.9);
        if (rate < low || rate > high) {
          missed += 1;
          break;
        }
      }
    }
    // Promised at most 10%; three standard errors of 400 series are 4.5%.
    expect(missed / 400).toBeLessThan(0.145);
  }
});

test("contains the observed share, narrows with more of the same, and knows nothing at the start", () => {
  expect(confidenceSequence(0, 0)).toEqual({ rate: 0, low: 0, high: 1 });
  fc.assert(
    fc.property(fc.nat(200), fc.nat(200), (failing, passing) => {
      fc.pre(failing + passing > 0);
      const once = confidenceSequence(failing, failing + passing);
      const tenfold = confidenceSequence(failing * 10, (failing + passing) * 10);
      expect(once.low).toBeLessThanOrEqual(once.rate);
      expect(once.high).toBeGreaterThanOrEqual(once.rate);
      expect(tenfold.high - tenfold.low).toBeLessThanOrEqual(once.high - once.low + 1e-9);
    }),
  );
});

test("no hit in 100 runs bounds the rate near the rule of three, with the price of continuous looking", () => {
  const { high } = confidenceSequence(0, 100);
  expect(high).toBeGreaterThan(0.03);
  expect(high).toBeLessThan(0.07);
});

test("the one-sided bound holds at every sample size at once, and is tighter than the two-sided end", () => {
  for (const [rate, seed] of [
    [0.05, 4],
    [0.4, 5],
  ] as const) {
    const random = randomSource(seed);
    let missed = 0;
    for (let series = 0; series < 300; series += 1) {
      let failing = 0;
      for (let n = 1; n <= 200; n += 1) {
        if (random() < rate) failing += 1;
        if (isRateBelow(failing, n, rate, 0.9)) {
          missed += 1;
          break;
        }
      }
    }
    // Promised at most 10%; three standard errors of 300 series are 5.2%.
    expect(missed / 300).toBeLessThan(0.152);
    expect(missed).toBeGreaterThan(0);
  }
  expect(rateUpperBound(0, 28)).toBeLessThan(0.127);
  for (const [k, n] of [
    [0, 10],
    [3, 50],
    [20, 100],
  ] as const) {
    const bound = rateUpperBound(k, n);
    expect(bound).toBeLessThan(confidenceSequence(k, n).high);
    expect([isRateBelow(k, n, bound + 1e-6), isRateBelow(k, n, bound - 1e-6)]).toEqual([true, false]);
  }
  expect(rateUpperBound(0, 0)).toBe(1);
});
