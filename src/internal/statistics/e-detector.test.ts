import * as fc from "fast-check";
import { expect, test } from "vitest";
import { randomSource } from "../random.ts";
import { atOdds, logBet } from "./betting.ts";
import { eDetectorValue, startEDetector, stepEDetector } from "./e-detector.ts";
import type { EDetector } from "./e-detector.ts";

const UP = [1.5, 2, 4];

test("a bet's expected capital is at most 1 on the null side and exactly 1 on its boundary", () => {
  const unit = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(unit, unit, fc.constantFrom(0.1, 0.5, 1.5, 2, 8), (nullRate, other, ratio) => {
      const alternative = atOdds(nullRate, ratio);
      const expected = (rate: number): number =>
        rate * Math.exp(logBet(1, 1, nullRate, alternative)) +
        (1 - rate) * Math.exp(logBet(0, 1, nullRate, alternative));
      expect(expected(nullRate)).toBeCloseTo(1, 10);
      const onNullSide = ratio > 1 ? other <= nullRate : other >= nullRate;
      if (onNullSide) expect(expected(other)).toBeLessThanOrEqual(1 + 1e-9);
      else expect(expected(other)).toBeGreaterThanOrEqual(1 - 1e-9);
    }),
  );
});

/** Mean detector value after `steps`, and alarms (with restart) a series, under a constant rate. */
function simulate(rate: number, nullRate: number, steps: number, weight: number, clusterSize = 1) {
  const random = randomSource(7);
  const series = 3000;
  let value = 0;
  let alarms = 0;
  for (let run = 0; run < series; run += 1) {
    let free: EDetector = startEDetector(UP.length, 0);
    let watched = free;
    for (let step = 0; step < steps; step += 1) {
      const failing = random() < rate ? clusterSize : 0;
      const bet = { nullRate, ratios: UP, weight, clusterSize };
      free = stepEDetector(free, failing, clusterSize, step, bet);
      watched = stepEDetector(watched, failing, clusterSize, step, bet);
      if (eDetectorValue(watched) >= 1) {
        alarms += 1;
        watched = startEDetector(UP.length, step);
      }
    }
    value += eDetectorValue(free) / series;
  }
  return { value, alarms: alarms / series };
}

test("under the null the detector's mean is the sum of its weights, and alarms are at most that many", () => {
  const steps = 60;
  const weight = 1 / 60;
  const { value, alarms } = simulate(0.2, 0.2, steps, weight);
  // Heavy-tailed: 3,000 series give the mean to about 15%.
  expect(value).toBeGreaterThan(0.7);
  expect(value).toBeLessThan(1.4);
  expect(alarms).toBeLessThanOrEqual(1);
  expect(alarms).toBeGreaterThan(0.1);
  expect(simulate(0.15, 0.2, steps, weight).alarms).toBeLessThan(alarms);
});

test("runs that always come five alike alarm no more than independent ones, once the cluster size is told", () => {
  const honest = simulate(0.2, 0.2, 60, 1 / 60, 5);
  expect(honest.alarms).toBeLessThanOrEqual(1);
  expect(honest.alarms).toBeCloseTo(simulate(0.2, 0.2, 60, 1 / 60).alarms, 1);
});

test("e-SR dominates e-CUSUM, and both forget a start that went nowhere", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 40 }), (batches) => {
      let sr = startEDetector(UP.length, 0);
      let cusum = sr;
      for (const [failing, passing] of batches) {
        const bet = { nullRate: 0.3, ratios: UP, weight: 0.01 };
        sr = stepEDetector(sr, failing, failing + passing, 0, bet);
        cusum = stepEDetector(cusum, failing, failing + passing, 0, { ...bet, kind: "cusum" });
      }
      expect(eDetectorValue(sr)).toBeGreaterThanOrEqual(eDetectorValue(cusum) * (1 - 1e-12));
    }),
  );
});

test("state survives JSON, and the suspect says when the change began", () => {
  let state = startEDetector(UP.length, 0);
  for (let hour = 0; hour < 50; hour += 1) {
    const failing = hour < 30 ? (hour % 2) * 2 : 6;
    state = stepEDetector(state, failing, 20, hour, { nullRate: 0.06, ratios: UP, weight: 1 / 720 });
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  }
  expect(eDetectorValue(state)).toBeGreaterThan(1);
  expect(state.suspect.from).toBeGreaterThanOrEqual(29);
  expect(state.suspect.from).toBeLessThanOrEqual(30);
  const certain = stepEDetector(state, 1e6, 1e6, 51, { nullRate: 0.06, ratios: UP, weight: 1 / 720 });
  expect(Number.isFinite(eDetectorValue(certain))).toBe(true);
});
