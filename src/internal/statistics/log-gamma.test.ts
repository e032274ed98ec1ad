import { describe, expect, it } from "vitest";
import { logGamma, stirlingError } from "./log-gamma.ts";

// 40-digit arithmetic.
const GOLDEN = [
  [0.5, 0.5723649429247001],
  [1, 0],
  [1.5, -0.12078223763524522],
  [3.7, 1.428072326665388],
  [15.9, 27.625493215168692],
  [16, 27.89927138384089],
  [100, 359.1342053695754],
  [1e7, 151180949.3694739],
] as const;

describe("logGamma", () => {
  it.each(GOLDEN)("agrees with 40-digit arithmetic at %d", (x, value) => {
    expect(Math.abs(logGamma(x) - value)).toBeLessThan(1e-14 * Math.max(10, Math.abs(value)));
  });

  it("leaves the same Stirling error on both sides of the seam", () => {
    // 1/(12n) - 1/(360n^3) + ... at n = 15 and 16, by hand to 12 digits.
    expect(stirlingError(15)).toBeCloseTo(0.005554733551962801, 14);
    expect(stirlingError(16)).toBeCloseTo(0.0052076559196096404, 14);
  });
});
