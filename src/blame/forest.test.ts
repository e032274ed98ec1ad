import { describe, expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import { forestValues, tableOf, trainForest } from "./forest.ts";
import type { Forest } from "./forest.ts";

function forestValue(forest: Forest, row: readonly number[]): number {
  return forestValues(forest, tableOf([row]))[0]!;
}

/** Points of the unit square; those in two opposite corners are 1 (exclusive or: no single split tells them apart). */
function corners(count: number, seed: number): { rows: number[][]; targets: number[] } {
  const random = randomSource(seed);
  const rows = Array.from({ length: count }, () => [random(), random(), random()]);
  return { rows, targets: rows.map(([x, y]) => (x! > 0.5 !== y! > 0.5 ? 1 : 0)) };
}

describe("trainForest", () => {
  const { rows, targets } = corners(400, 1);
  const weights = rows.map(() => 1);

  it("learns what no single feature shows, on points it has not seen", () => {
    const forest = trainForest(rows, targets, weights, { tries: 3 });
    const fresh = corners(300, 2);
    const right = fresh.rows.filter((row, i) => forestValue(forest, row) > 0.5 === (fresh.targets[i] === 1)).length;
    expect(right / 300).toBeGreaterThan(0.9);
  });

  it("gives the same forest for the same seed, another for another, and survives JSON", () => {
    const forest = trainForest(rows, targets, weights, { trees: 5, seed: 7 });
    expect(trainForest(rows, targets, weights, { trees: 5, seed: 7 })).toEqual(forest);
    expect(trainForest(rows, targets, weights, { trees: 5, seed: 8 })).not.toEqual(forest);
    const read = JSON.parse(JSON.stringify(forest)) as typeof forest;
    for (const row of rows.slice(0, 20)) expect(forestValue(read, row)).toBe(forestValue(forest, row));
  });

  it("asks twice as many trees about the better half of the rows, round by round", () => {
    const forest = trainForest(rows, targets, weights, { trees: 60 });
    const [first, second, all] = [20, 40, 60].map((trees) =>
      forestValues({ trees: forest.trees.slice(0, trees) }, tableOf(rows)),
    ) as [Float64Array, Float64Array, Float64Array];
    const best = (among: number[], values: Float64Array, count: number): number[] =>
      among.toSorted((a, b) => values[b]! - values[a]! || a - b).slice(0, count);
    const ten = best([...rows.keys()], first, 10);
    const five = best(ten, second, 5);
    const quick = forestValues(forest, tableOf(rows), { scouts: 20, shortlist: 10 });
    const expected = (i: number): number => (five.includes(i) ? all[i]! : ten.includes(i) ? second[i]! : first[i]!);
    for (const i of rows.keys()) expect(quick[i]).toBeCloseTo(expected(i), 12);
  });

  it("follows the rows that weigh more", () => {
    const flat = Array.from({ length: 60 }, () => [0]);
    const ones = flat.map((_, i) => (i < 30 ? 1 : 0));
    const heavy = trainForest(
      flat,
      ones,
      ones.map((one) => (one === 1 ? 9 : 1)),
    );
    expect(forestValue(heavy, [0])).toBeGreaterThan(0.8);
  });

  it("says the mean where there is nothing to learn from", () => {
    const forest = trainForest([[1], [1], [1], [1]], [0, 1, 0, 1], [1, 1, 1, 1], { trees: 400 });
    expect(forestValue(forest, [1])).toBeCloseTo(0.5, 1);
  });
});
