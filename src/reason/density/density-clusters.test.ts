import { describe, expect, it } from "vitest";
import { normalSource, randomSource } from "../../internal/random.ts";
import { densityClusters } from "./density-clusters.ts";

/** Points on a plane with plain distance. */
function cluster(
  points: readonly (readonly [number, number])[],
  minWeight: number,
  weights = points.map(() => 1),
): number[] {
  const distance = (a: number, b: number): number =>
    Math.hypot((points[a]?.[0] ?? 0) - (points[b]?.[0] ?? 0), (points[a]?.[1] ?? 0) - (points[b]?.[1] ?? 0));
  return densityClusters({ weights, distance, minWeight });
}

describe("densityClusters", () => {
  it("finds planted clusters of different density, and calls the rest noise", () => {
    const random = randomSource(5);
    const normal = normalSource(random);
    const blob = (x: number, y: number, spread: number, count: number): [number, number][] =>
      Array.from({ length: count }, () => [x + spread * normal(), y + spread * normal()]);
    const noise: [number, number][] = Array.from({ length: 12 }, () => [random() * 200 - 100, random() * 200 - 100]);
    const labels = cluster([...blob(0, 0, 0.5, 40), ...blob(15, 0, 2, 40), ...blob(0, 15, 0.5, 20), ...noise], 5);
    const of = (from: number, to: number): Set<number | undefined> =>
      new Set(labels.slice(from, to).filter((label) => label >= 0));
    expect([of(0, 40).size, of(40, 80).size, of(80, 100).size]).toEqual([1, 1, 1]);
    expect(new Set([...of(0, 40), ...of(40, 80), ...of(80, 100)]).size).toBe(3);
    expect(labels.slice(0, 100).filter((label) => label === -1).length).toBeLessThan(8);
    expect(labels.slice(100).filter((label) => label === -1).length).toBeGreaterThanOrEqual(10);
  });

  it("counts an item as often as its weight says", () => {
    const points = [
      [0, 0],
      [0.1, 0],
      [50, 0],
      [50.1, 0],
      [200, 0],
    ] as const;
    expect(cluster(points, 6)).toEqual([-1, -1, -1, -1, -1]);
    const labels = cluster(points, 6, [5, 5, 6, 1, 1]);
    expect(labels[0]).toBe(labels[1]);
    expect(labels[2]).toBe(labels[3]);
    expect(new Set([labels[0], labels[2]]).size).toBe(2);
    expect(labels[4]).toBe(-1);
  });

  it("groups the same items whatever their order", () => {
    const points = Array.from({ length: 60 }, (_, i): [number, number] => [
      Math.floor(i / 20) * 10 + (i % 20) * 0.1,
      (i * 7) % 3,
    ]);
    const order = points.map((_point, index) => (index * 37) % 60);
    const labels = cluster(points, 5);
    const shuffled = cluster(
      order.map((index) => points[index] as [number, number]),
      5,
    );
    const together = (a: number, b: number): boolean => labels[a] !== -1 && labels[a] === labels[b];
    for (let a = 0; a < 60; a++) {
      for (let b = 0; b < 60; b++) {
        const [at, bt] = [order.indexOf(a), order.indexOf(b)];
        expect(shuffled[at] !== -1 && shuffled[at] === shuffled[bt]).toBe(together(a, b));
      }
    }
  });

  it("takes nothing, one, and all the same", () => {
    expect(cluster([], 3)).toEqual([]);
    expect(cluster([[0, 0]], 3)).toEqual([-1]);
    expect(
      cluster(
        Array.from({ length: 10 }, () => [1, 1] as const),
        3,
      ),
    ).toHaveLength(10);
  });

  it("survives a chain of 1,500 items", () => {
    expect(
      cluster(
        Array.from({ length: 1500 }, (_, i): [number, number] => [i * i, 0]),
        3,
      ),
    ).toHaveLength(1500);
  });
});
