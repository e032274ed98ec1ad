import { describe, expect, it } from "vitest";
import { enrichmentZ } from "./fisher.ts";
import { mantelHaenszelRatio, mantelHaenszelZ } from "./mantel-haenszel.ts";
import { riskRatio } from "./risk-ratio.ts";

// statsmodels 0.14 `StratifiedTable` of [[23, 1], [93, 83]], [[10, 30], [5, 60]] and [[4, 6], [20, 100]].
const STRATA = [
  { failing: 23, failures: 116, passing: 1, passes: 84 },
  { failing: 10, failures: 15, passing: 30, passes: 90 },
  { failing: 4, failures: 24, passing: 6, passes: 106 },
];

describe("Mantel-Haenszel", () => {
  it("agrees with statsmodels in z, ratio and interval", () => {
    expect(mantelHaenszelZ(STRATA) ** 2).toBeCloseTo(25.005340398468945, 10);
    const { ratio, low, high } = mantelHaenszelRatio(STRATA);
    expect(ratio).toBeCloseTo(2.062748954016876, 12);
    expect(low).toBeCloseTo(1.65011119, 8);
    expect(high).toBeCloseTo(2.57857365, 8);
  });

  it("is the plain z and ratio for one stratum", () => {
    const [only] = STRATA.slice(1);
    if (only === undefined) throw new Error("no stratum");
    expect(mantelHaenszelZ([only])).toBeCloseTo(enrichmentZ(only), 12);
    expect(mantelHaenszelRatio([only]).ratio).toBeCloseTo(riskRatio(only).ratio, 12);
  });

  it("sees through a difference between strata (Simpson)", () => {
    // Within each stratum the trait means nothing; only its share and the failure rate differ between them.
    const strata = [
      { failing: 72, failures: 80, passing: 18, passes: 20 },
      { failing: 2, failures: 20, passing: 8, passes: 80 },
    ];
    expect(mantelHaenszelZ(strata)).toBeCloseTo(0, 12);
    expect(mantelHaenszelRatio(strata).ratio).toBeCloseTo(1, 12);
  });

  it("stays finite where no other run fails", () => {
    const { ratio, high } = mantelHaenszelRatio([{ failing: 5, failures: 5, passing: 1, passes: 50 }]);
    expect(Number.isFinite(ratio) && ratio > 1 && Number.isFinite(high)).toBe(true);
    expect(mantelHaenszelRatio([]).ratio).toBe(1);
  });
});
