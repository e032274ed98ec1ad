import { describe, expect, it } from "vitest";
import { bootstrap } from "./bootstrap.ts";

const DIFFERENCES = [0.1, 0.3, -0.2, 0.5, 0.4, 0, 0.25, -0.1, 0.6, 0.05, 0.15, 0.9];
const BEFORE = [1, 2, 1.5, 3, 2.2, 1.1, 4, 2.5, 1.9, 2.8];
const AFTER = [1.2, 2.6, 1.4, 4, 2.1, 1.6, 5.5, 2.4, 2.2, 3.1];

function meanOf(values: readonly number[]): (cases: Uint32Array) => number {
  return (cases) => cases.reduce((sum, index) => sum + (values[index] ?? 0), 0) / cases.length;
}

describe("bootstrap", () => {
  it("of a mean is scipy's BCa interval", () => {
    // scipy 1.17 `bootstrap(..., method="BCa", n_resamples=400_000)`.
    const { estimate, low, high } = bootstrap(12, meanOf(DIFFERENCES), { resamples: 50_000 });
    expect(estimate).toBeCloseTo(0.24583333333333335, 12);
    // Resampling noise of the ends with 50,000 draws is about 0.0015.
    expect(Math.abs(low - 0.0958333)).toBeLessThan(0.006);
    expect(Math.abs(high - 0.4416667)).toBeLessThan(0.006);
  });

  it("of a ratio keeps the pairs together, as scipy with `paired=True`", () => {
    const ratio = (cases: Uint32Array): number => meanOf(AFTER)(cases) / meanOf(BEFORE)(cases);
    const { low, high } = bootstrap(10, ratio, { alpha: 0.1, resamples: 50_000 });
    expect(Math.abs(low - 1.08867)).toBeLessThan(0.005);
    expect(Math.abs(high - 1.28169)).toBeLessThan(0.005);
  });

  it("is the value itself where nothing varies, and where there is one case", () => {
    expect(bootstrap(5, meanOf([2, 2, 2, 2, 2]))).toEqual({ estimate: 2, low: 2, high: 2 });
    expect(bootstrap(1, meanOf([3]))).toEqual({ estimate: 3, low: 3, high: 3 });
  });

  it("gives the same interval for the same seed", () => {
    const once = bootstrap(12, meanOf(DIFFERENCES), { seed: 5 });
    expect(bootstrap(12, meanOf(DIFFERENCES), { seed: 5 })).toEqual(once);
    expect(bootstrap(12, meanOf(DIFFERENCES), { seed: 6 })).not.toEqual(once);
  });
});
