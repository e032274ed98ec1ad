import { expect, test } from "vitest";
import { cusumAlarm, CUSUM_START, ewmaAlarm, shewhartAlarm, stepCusum, stepEwma } from "./control-chart.ts";

test("CUSUM sums what exceeds the reference value on either side and never goes below zero", () => {
  let state = CUSUM_START;
  for (const z of [1, 1.5, -4]) state = stepCusum(state, z, 0.5);
  expect(state).toEqual({ high: 0, low: 3.5 });
  expect(cusumAlarm(state, 3.5)).toBe(false);
  expect(cusumAlarm(state, 3.4)).toBe(true);
});

test("EWMA and Shewhart limits", () => {
  expect(stepEwma(stepEwma(0, 2, 0.2), 2, 0.2)).toBeCloseTo(0.72);
  expect(ewmaAlarm(1, 0.2, 3)).toBe(false);
  expect(ewmaAlarm(-1.01, 0.2, 3)).toBe(true);
  expect([3, 3.01, -3.01].map((z) => shewhartAlarm(z))).toEqual([false, true, true]);
});
