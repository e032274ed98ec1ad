import { describe, expect, it } from "vitest";
import { randomBinomial, randomSource } from "../internal/random.ts";
import { judgeSkill, trueRate } from "./judge-skill.ts";

describe("trueRate", () => {
  // [judged share, judged, passing agreed, passing, failing agreed, failing, alpha] -> the published `point_estimator` and `confidence_interval`.
  it.each([
    [[0.8, 1000, 180, 200, 170, 200, 0.05], 0.8666666666666666, 0.8113982707036487, 0.9317082191319297],
    [[0.3, 200, 54, 60, 85, 100, 0.1], 0.2, 0.09668729705616119, 0.2949152320349719],
    [[0.62, 50, 24, 30, 28, 40, 0.05], 0.64, 0.2981976536789933, 1],
    [[0.95, 400, 99, 100, 95, 100, 0.05], 0.9574468085106382, 0.9266272434759183, 1],
  ] as const)("of %j is the reference implementation's value", (given, estimate, low, high) => {
    const [share, total, passingAgreed, passing, failingAgreed, failing, alpha] = given;
    const judge = { passing: { agreed: passingAgreed, of: passing }, failing: { agreed: failingAgreed, of: failing } };
    const rate = trueRate(share, total, judge, alpha);
    expect(rate.estimate).toBeCloseTo(estimate, 12);
    expect(rate.low).toBeCloseTo(low, 9);
    expect(rate.high).toBeCloseTo(high, 9);
  });

  it("refuses a judge that is no better than a coin", () => {
    const coin = { passing: { agreed: 50, of: 100 }, failing: { agreed: 50, of: 100 } };
    expect(() => trueRate(0.5, 100, coin, 0.05)).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  it("is a judged rate as it stands where the judge never errs", () => {
    const perfect = { passing: { agreed: 10_000, of: 10_000 }, failing: { agreed: 10_000, of: 10_000 } };
    expect(trueRate(0.7, 500, perfect, 0.05).estimate).toBeCloseTo(0.7, 12);
  });
});

describe("judgeSkill", () => {
  it("bounds the skill, conservatively", () => {
    const random = randomSource(3);
    let missed = 0;
    for (let round = 0; round < 500; round += 1) {
      const judge = {
        passing: { agreed: randomBinomial(random, 80, 0.9), of: 80 },
        failing: { agreed: randomBinomial(random, 60, 0.8), of: 60 },
      };
      const { low, high, skill } = judgeSkill(judge, 0.1);
      expect(low).toBeLessThanOrEqual(skill);
      expect(high).toBeGreaterThanOrEqual(skill);
      if (low > 0.7 || high < 0.7) missed += 1;
    }
    expect(missed / 500).toBeLessThan(0.1);
  });

  it.each([
    { passing: { agreed: 0, of: 0 }, failing: { agreed: 1, of: 2 } },
    { passing: { agreed: 3, of: 2 }, failing: { agreed: 1, of: 2 } },
    { passing: { agreed: 1, of: 2 }, failing: { agreed: -1, of: 2 } },
  ])("refuses counts that are none: %j", (judge) => {
    expect(() => judgeSkill(judge, 0.05)).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});
