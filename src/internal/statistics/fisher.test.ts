import { describe, expect, it } from "vitest";
import { fisherGreater, hypergeometric } from "./fisher.ts";

// [failing, failures, passing, passes, p]: scipy 1.17 `fisher_exact(table, "greater")`, checked against 40-digit arithmetic.
const GOLDEN = [
  [8, 10, 2, 10, 0.011507068782610578],
  [3, 10, 7, 30, 0.48505548438136076],
  [23, 116, 1, 84, 1.5523525958628288e-5],
  [370, 1000, 90, 1000, 9.462155597397094e-53],
  [5, 100, 50, 900, 0.6613261814373221],
  [60, 12000, 300, 88000, 0.005482487720881701],
  [1300, 12000, 8000, 88000, 8.198658694330006e-10],
  [40000, 1200000, 290000, 8800000, 0.014856947754964598],
  [40800, 1200000, 291000, 8800000, 5.0183455352882154e-8],
  [0, 5, 3, 7, 1],
  [5, 5, 3, 7, 0.0707070707070707],
] as const;

describe("fisherGreater", () => {
  it.each(GOLDEN)("(%i of %i failing, %i of %i passing) is scipy's value", (failing, failures, passing, passes, p) => {
    expect(Math.abs(fisherGreater({ failing, failures, passing, passes }) / p - 1)).toBeLessThan(1e-12);
  });

  it("is 1 where the trait is everywhere or nowhere", () => {
    expect(fisherGreater({ failing: 10, failures: 10, passing: 20, passes: 20 })).toBe(1);
    expect(fisherGreater({ failing: 0, failures: 10, passing: 0, passes: 20 })).toBe(1);
  });
});

describe("hypergeometric", () => {
  it("sums to one and is zero outside its range", () => {
    let sum = 0;
    for (let x = 0; x <= 12; x += 1) sum += hypergeometric(x, 12, 30, 15);
    expect(sum).toBeCloseTo(1, 13);
    expect(hypergeometric(13, 12, 30, 15)).toBe(0);
  });
});
