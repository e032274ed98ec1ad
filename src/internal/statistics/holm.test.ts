import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holm } from "./holm.ts";

describe("holm", () => {
  // statsmodels 0.15 `multipletests(p, method="holm")`.
  it.each([
    [
      [0.01, 0.04, 0.03, 0.005],
      [0.03, 0.06, 0.06, 0.02],
    ],
    [
      [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216],
      [0.01, 0.072, 0.312, 0.312, 0.312, 0.312, 0.312, 0.615, 0.615, 0.615],
    ],
    [
      [0.5, 0.5, 0.02],
      [1, 1, 0.06],
    ],
    [[], []],
  ])("of %j is statsmodels' value", (p, adjusted) => {
    holm(p).forEach((value, index) => expect(value).toBeCloseTo(adjusted[index] ?? Number.NaN, 12));
    expect(holm(p)).toHaveLength(adjusted.length);
  });

  it("lies between the plain p and Bonferroni's, and keeps the order", () => {
    const p = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(p, (values) => {
        const adjusted = holm(values);
        values.forEach((value, index) => {
          expect(adjusted[index]).toBeGreaterThanOrEqual(value);
          expect(adjusted[index]).toBeLessThanOrEqual(Math.min(1, value * values.length));
          values.forEach((other, at) => {
            if (value < other) expect(adjusted[index]).toBeLessThanOrEqual(adjusted[at] ?? 0);
          });
        });
      }),
    );
  });
});
