import { describe, expect, it } from "vitest";
import { normalCdf, normalQuantile, normalUpperTail } from "./normal.ts";

describe("normal distribution", () => {
  // 40-digit arithmetic.
  it.each([
    [0, 0.5],
    [0.5, 0.3085375387259869],
    [1.6448536269514722, 0.05000000000000005],
    [2.9, 0.0018658133003840384],
    [3, 0.0013498980316300946],
    [5, 2.866515718791939e-7],
    [10, 7.619853024160525e-24],
    [37, 5.725571222524577e-300],
  ])("agrees with 40-digit arithmetic on the upper tail at %d", (x, tail) => {
    expect(Math.abs(normalUpperTail(x) / tail - 1)).toBeLessThan(1e-12);
    expect(normalCdf(-x)).toBe(normalUpperTail(x));
  });

  it.each([
    [1e-300, -37.0470962993612],
    [1e-10, -6.361340902404057],
    [0.025, -1.9599639845400543],
    [0.3, -0.5244005127080408],
    [0.975, 1.9599639845400538],
    [0.999999, 4.753424308817088],
  ])("agrees with 40-digit arithmetic on the quantile of %d", (p, x) => {
    expect(normalQuantile(p) / x).toBeCloseTo(1, 9);
  });

  it("has its median at zero and infinite ends", () => {
    expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  });
});
