import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hashShare } from "./hash-share.ts";

test("stays where it is, inside 0 to 1", () => {
  // sha256("1:a|b") starts with 7b695f4afcacb.
  expect(hashShare("a", "b")).toBe(0x7b695f4afcacb / 2 ** 52);
  fc.assert(
    fc.property(fc.string(), fc.string(), (salt, key) => {
      const share = hashShare(salt, key);
      expect(share >= 0 && share < 1).toBe(true);
    }),
  );
  expect(hashShare("ab", "c")).not.toBe(hashShare("a", "bc"));
});

test("is uniform, and independent between salts", () => {
  const cells = new Float64Array(16);
  for (let key = 0; key < 8000; key += 1) {
    const cell = Math.floor(hashShare("one", `k${key}`) * 4) * 4 + Math.floor(hashShare("two", `k${key}`) * 4);
    cells[cell] = (cells[cell] ?? 0) + 1;
  }
  // Chi-square with 15 degrees of freedom: 37.7 is its 0.999 quantile.
  expect(cells.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(37.7);
});
