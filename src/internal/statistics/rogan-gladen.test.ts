import { describe, expect, it } from "vitest";
import { randomBinomial, randomSource } from "../random.ts";
import { allocateLabels, correctedRate } from "./rogan-gladen.ts";

const skill = (se: number, m1: number, sp: number, m0: number) => ({
  sensitivity: { agreed: se * m1, of: m1 },
  specificity: { agreed: sp * m0, of: m0 },
});

describe("correctedRate", () => {
  it("reproduces the published example: p 0.4, n 1000, specificity 0.7, sensitivity 0.9, 200 labels each", () => {
    const { estimate, low, high } = correctedRate({ positive: 400, total: 1000 }, skill(0.9, 200, 0.7, 200));
    expect(estimate).toBeCloseTo(1 / 6, 12);
    expect(low).toBeCloseTo(0.05635072484160894, 6);
    expect(high).toBeCloseTo(0.2627330257859588, 6);
  });

  it.each([
    [{ positive: 375, total: 500 }, skill(0.9, 100, 0.85, 100), 0.8, 0.7222510014177607, 0.893648474407048],
    [{ positive: 40, total: 2000 }, skill(0.8, 50, 0.99, 100), 0.012658227848101276, 0, 0.03617868410501544],
  ])("agrees with the authors' program: %j", (judged, record, estimate, low, high) => {
    const rate = correctedRate(judged, record);
    expect(rate.estimate).toBeCloseTo(estimate, 6);
    expect(rate.low).toBeCloseTo(low, 6);
    expect(rate.high).toBeCloseTo(high, 6);
  });

  it("stays within [0, 1], and says nothing for a rater that knows nothing", () => {
    expect(correctedRate({ positive: 0, total: 50 }, skill(0.9, 20, 0.8, 20))).toMatchObject({ estimate: 0, low: 0 });
    expect(correctedRate({ positive: 50, total: 50 }, skill(0.9, 20, 0.8, 20))).toMatchObject({ estimate: 1, high: 1 });
    expect(correctedRate({ positive: 5, total: 50 }, skill(0.5, 20, 0.5, 20)).estimate).toBeNaN();
  });

  it("covers the truth in 94 to 96% of 2,000 simulations", () => {
    const random = randomSource(11);
    let covered = 0;
    for (let run = 0; run < 2000; run++) {
      const positive = randomBinomial(random, 1000, 0.3 * 0.9 + 0.7 * 0.15);
      const record = {
        sensitivity: { agreed: randomBinomial(random, 100, 0.9), of: 100 },
        specificity: { agreed: randomBinomial(random, 100, 0.85), of: 100 },
      };
      const { low, high } = correctedRate({ positive, total: 1000 }, record);
      if (low <= 0.3 && 0.3 <= high) covered++;
    }
    expect(covered / 2000).toBeGreaterThanOrEqual(0.94);
    expect(covered / 2000).toBeLessThanOrEqual(0.96);
  });
});

describe("allocateLabels", () => {
  it("reproduces the authors' split", () => {
    expect(allocateLabels(200, 0.4, { sensitivity: 0.9, specificity: 0.7, each: 10 })).toEqual({
      positive: 64,
      negative: 136,
    });
  });

  it("keeps the pilot in both classes", () => {
    expect(allocateLabels(100, 0, { sensitivity: 0.9, specificity: 0.9, each: 10 })).toEqual({
      positive: 10,
      negative: 90,
    });
    expect(allocateLabels(100, 1, { sensitivity: 0.9, specificity: 0.9, each: 10 })).toEqual({
      positive: 90,
      negative: 10,
    });
  });
});
