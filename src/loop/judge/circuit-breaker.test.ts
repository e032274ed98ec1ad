import { expect, it } from "vitest";
import { circuitBreaker, type EvaluatorFailure } from "./circuit-breaker.ts";

const AWAY: EvaluatorFailure[] = [{ evaluator: "e", message: "503", code: "unavailable" }];
const NAMES = ["e"];

it("takes nothing that was under way when a pause began for its probe", () => {
  const breaker = circuitBreaker();
  const pauses = Array.from({ length: 8 }, (_, index) => breaker.note(NAMES, AWAY, 1_000 + index));
  expect(pauses.slice(0, 4)).toEqual([[], [], [], []]);
  // The later ones wait with it, and lose no attempt.
  for (const [pause] of pauses.slice(4)) expect(pause).toMatchObject({ until: 31_004 });
  expect(breaker.pauses()).toMatchObject([{ until: 31_004 }]);
});

it("counts a probe that took long as one", () => {
  const breaker = circuitBreaker();
  for (let index = 0; index < 5; index += 1) breaker.note(NAMES, AWAY, 0);
  expect(breaker.pauseOf(NAMES, 30_000)).toBeNull();
  expect(breaker.note(NAMES, AWAY, 91_000)).toMatchObject([{ until: 151_000 }]);
  expect(breaker.pauseOf(NAMES, 91_001)).not.toBeNull();
});

it("closes with the probe that succeeds", () => {
  const breaker = circuitBreaker();
  for (let index = 0; index < 5; index += 1) breaker.note(NAMES, AWAY, 0);
  expect(breaker.pauseOf(NAMES, 30_000)).toBeNull();
  expect(breaker.note(NAMES, [], 31_000)).toEqual([]);
  expect(breaker.pauseOf(NAMES, 31_001)).toBeNull();
});
