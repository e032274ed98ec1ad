import { describe, expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import { calibrated, fitCalibration } from "./calibration.ts";

describe("fitCalibration", () => {
  it("recovers a known distortion", () => {
    const random = randomSource(11);
    // Scores that promise too much: the truth has half the log odds, shifted down by one.
    const truth = (score: number): number => 1 / (1 + Math.exp(-(0.5 * Math.log(score / (1 - score)) - 1)));
    const cases = Array.from({ length: 20_000 }, () => {
      const score = 0.01 + 0.98 * random();
      return { score, hit: random() < truth(score) };
    });
    const fitted = fitCalibration(cases)!;
    for (const score of [0.1, 0.3, 0.5, 0.7, 0.9]) expect(calibrated(fitted, score)).toBeCloseTo(truth(score), 1);
    expect(fitted.slope).toBeCloseTo(0.5, 1);
    expect(fitted.intercept).toBeCloseTo(-1, 1);
  });

  it("never claims certainty, even for perfectly separated scores", () => {
    const cases = [0.9, 0.95, 0.99]
      .map((score) => ({ score, hit: true }))
      .concat([0.1, 0.2].map((score) => ({ score, hit: false })));
    const fitted = fitCalibration(cases)!;
    for (const score of [0, 0.5, 1]) {
      expect(calibrated(fitted, score)).toBeGreaterThan(0);
      expect(calibrated(fitted, score)).toBeLessThan(1);
    }
    expect(calibrated(fitted, 0.95)).toBeGreaterThan(calibrated(fitted, 0.2));
  });

  it("has nothing to say when all were right, all wrong, or there were none", () => {
    expect(fitCalibration([])).toBeNull();
    expect(fitCalibration([{ score: 0.4, hit: true }])).toBeNull();
    expect(fitCalibration([{ score: 0.4, hit: false }])).toBeNull();
  });
});
