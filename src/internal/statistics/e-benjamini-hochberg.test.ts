import * as fc from "fast-check";
import { expect, test } from "vitest";
import { eBenjaminiHochberg } from "./e-benjamini-hochberg.ts";

test("one hypothesis needs 1 / alpha, many need more unless several speak", () => {
  expect(eBenjaminiHochberg([25], 0.05)).toBe(20);
  expect(eBenjaminiHochberg([25, 0, 0, 0], 0.05)).toBe(80);
  expect(eBenjaminiHochberg([45, 41, 0, 0], 0.05)).toBe(40);
  expect(eBenjaminiHochberg([], 0.05)).toBe(Infinity);
});

test("rejects exactly the k* largest of the definition", () => {
  const values = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.05, 0.2, 1), (e, alpha) => {
      const threshold = eBenjaminiHochberg(e, alpha);
      const rejected = e.filter((value) => value >= threshold).length;
      const sorted = [...e].sort((a, b) => b - a);
      let best = 0;
      for (let k = 1; k <= e.length; k += 1) if ((sorted[k - 1] ?? 0) >= e.length / (alpha * k)) best = k;
      expect(rejected).toBe(best);
    }),
  );
});

test("keeps the false discovery rate under its level with strongly dependent values", () => {
  // All nulls share one uniform, the worst case for BH; their e-value is 1/(2 sqrt(u)), of mean exactly 1.
  let proportion = 0;
  const rounds = 20_000;
  for (let round = 0; round < rounds; round += 1) {
    const shared = 1 / (2 * Math.sqrt((round + 0.5) / rounds));
    const values = [...Array.from({ length: 8 }, () => shared), 300, 300];
    const threshold = eBenjaminiHochberg(values, 0.2);
    const rejected = values.filter((value) => value >= threshold).length;
    const wrong = shared >= threshold ? 8 : 0;
    if (rejected > 0) proportion += wrong / rejected / rounds;
  }
  expect(proportion).toBeGreaterThan(0);
  expect(proportion).toBeLessThanOrEqual(0.2);
});
