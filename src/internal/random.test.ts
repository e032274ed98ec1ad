import { expect, test } from "vitest";
import { normalSource, randomBinomial, randomPoisson, randomSource } from "./random.ts";

function moments(draw: () => number, count = 40_000): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i += 1) {
    const x = draw();
    sum += x;
    squares += x * x;
  }
  return { mean: sum / count, variance: squares / count - (sum / count) ** 2 };
}

test("the same seed repeats, another differs", () => {
  const [a, b, c] = [randomSource(1), randomSource(1), randomSource(2)];
  const first = Array.from({ length: 5 }, () => a());
  expect(Array.from({ length: 5 }, () => b())).toEqual(first);
  expect(Array.from({ length: 5 }, () => c())).not.toEqual(first);
});

test("each sampler has its distribution's mean and variance", () => {
  const random = randomSource(11);
  const cases: [() => number, number, number][] = [
    [random, 1 / 2, 1 / 12],
    [normalSource(random), 0, 1],
    [() => randomPoisson(random, 8), 8, 8],
    [() => randomPoisson(random, 700), 700, 700],
    [() => randomBinomial(random, 40, 0.1), 4, 3.6],
    [() => randomBinomial(random, 40, 0.8), 32, 6.4],
  ];
  for (const [draw, mean, variance] of cases) {
    const seen = moments(draw);
    expect(Math.abs(seen.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / 40_000));
    expect(seen.variance / variance).toBeCloseTo(1, 1);
  }
  expect(randomBinomial(random, 10, 1)).toBe(10);
  expect(randomBinomial(random, 0, 0.5)).toBe(0);
});
