import { describe, expect, it } from "vitest";
import { randomSource } from "../random.ts";
import { cohenKappa, confusionOf, matthewsCorrelation } from "./agreement.ts";
import type { Confusion } from "./agreement.ts";

const table = (a: number, b: number, c: number, d: number): Confusion => ({
  truePositives: a,
  falsePositives: b,
  falseNegatives: c,
  trueNegatives: d,
});

describe("agreement", () => {
  it("counts pairs", () => {
    expect(
      confusionOf([
        [true, true],
        [true, false],
        [false, true],
        [false, false],
        [true, true],
      ]),
    ).toEqual(table(2, 1, 1, 1));
  });

  it("gives the textbook values of kappa", () => {
    // 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: the common textbook example, kappa 0.4.
    expect(cohenKappa(table(20, 5, 10, 15)).kappa).toBeCloseTo(0.4, 10);
    expect(cohenKappa(table(45, 15, 25, 15)).kappa).toBeCloseTo(0.1304, 4);
    expect(cohenKappa(table(25, 35, 5, 35)).kappa).toBeCloseTo(0.2593, 4);
    expect(cohenKappa(table(30, 0, 0, 12))).toEqual({ kappa: 1, low: 1, high: 1 });
    expect(cohenKappa(table(10, 0, 0, 0)).kappa).toBeNaN();
  });

  it("covers the true kappa about 95% of the time", () => {
    const random = randomSource(7);
    // Prevalence 0.3, sensitivity 0.85, specificity 0.9: kappa of the population.
    const cells = [0.255, 0.07, 0.045, 0.63];
    const truth = cohenKappa(table(...(cells as [number, number, number, number]))).kappa;
    let covered = 0;
    for (let run = 0; run < 2000; run++) {
      const counts: [number, number, number, number] = [0, 0, 0, 0];
      for (let i = 0; i < 200; i++) {
        const u = random();
        const cell = cells.findIndex(
          (_share, index) => u < cells.slice(0, index + 1).reduce((sum, share) => sum + share, 0),
        );
        counts[cell === -1 ? 3 : cell] = (counts[cell === -1 ? 3 : cell] ?? 0) + 1;
      }
      const { low, high } = cohenKappa(table(...counts));
      if (low <= truth && truth <= high) covered++;
    }
    expect(covered / 2000).toBeGreaterThan(0.935);
    expect(covered / 2000).toBeLessThan(0.965);
  });

  it("gives Matthews' coefficient", () => {
    expect(matthewsCorrelation(table(90, 4, 1, 5))).toBeCloseTo(446 / Math.sqrt(94 * 91 * 9 * 6), 12);
    expect(matthewsCorrelation(table(95, 5, 0, 0))).toBe(0);
    expect(matthewsCorrelation(table(0, 5, 5, 0))).toBe(-1);
  });
});
