import { describe, expect, it } from "vitest";
import { riskRatio } from "./risk-ratio.ts";

describe("riskRatio", () => {
  // scipy 1.17 `relative_risk(...).confidence_interval(0.95)`.
  it.each([
    [{ failing: 23, failures: 116, passing: 1, passes: 84 }, 1.8136200716845878, 1.541452360781653, 2.1338432818963566],
    [
      { failing: 370, failures: 1000, passing: 90, passes: 1000 },
      1.966183574879227,
      1.823999457878457,
      2.1194512056606434,
    ],
  ])("%o matches scipy", (counts, ratio, low, high) => {
    const result = riskRatio(counts);
    expect(result.ratio).toBeCloseTo(ratio, 12);
    expect(result.low).toBeCloseTo(low, 12);
    expect(result.high).toBeCloseTo(high, 12);
  });

  it("stays finite where no other run fails, and where no matching run fails", () => {
    const all = riskRatio({ failing: 10, failures: 10, passing: 5, passes: 50 });
    expect(all.ratio).toBeGreaterThan(10);
    expect(Number.isFinite(all.high)).toBe(true);
    expect(riskRatio({ failing: 0, failures: 10, passing: 5, passes: 50 }).low).toBeGreaterThan(0);
  });

  it("widens with the design effect", () => {
    const counts = { failing: 30, failures: 100, passing: 10, passes: 100 };
    const [plain, clustered] = [riskRatio(counts), riskRatio(counts, undefined, 4)];
    expect(Math.log(clustered.high / clustered.low)).toBeCloseTo(2 * Math.log(plain.high / plain.low), 12);
    expect(clustered.ratio).toBe(plain.ratio);
  });
});
