import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mcnemar } from "./mcnemar.ts";

// [wins, losses, p, pGreater]: statsmodels 0.15 `mcnemar(table, exact=True)` and scipy 1.17 `binomtest(wins, n, .5, "greater")`.
const GOLDEN = [
  [0, 0, 1, 1],
  [1, 0, 1, 0.5],
  [5, 5, 1, 0.623046875],
  [9, 3, 0.14599609375, 0.072998046875],
  [45, 15, 0.00013451408092849532, 6.725704046424766e-5],
  [30, 15, 0.035697803555194696, 0.017848901777597348],
  [120, 80, 0.005685155996750306, 0.002842577998375153],
  [1100, 1000, 0.03072070786424249, 0.015360353932121245],
  [3, 30, 1.4011748135089874e-6, 0.9999999345745891],
  [400, 100, 1.65962947521744e-43, 8.2981473760872e-44],
] as const;

describe("mcnemar", () => {
  it.each(GOLDEN)("of %i wins and %i losses is statsmodels' value", (wins, losses, p, pGreater) => {
    const result = mcnemar(wins, losses);
    expect(Math.abs(result.p / p - 1)).toBeLessThan(1e-10);
    expect(Math.abs(result.pGreater / pGreater - 1)).toBeLessThan(1e-10);
  });

  it("is symmetric on two sides, and falls with every further win on one", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (wins, losses) => {
        expect(mcnemar(wins, losses).p).toBeCloseTo(mcnemar(losses, wins).p, 12);
        expect(mcnemar(wins + 1, losses).pGreater).toBeLessThanOrEqual(mcnemar(wins, losses).pGreater);
      }),
    );
  });
});
