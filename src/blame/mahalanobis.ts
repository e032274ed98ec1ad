import type { Moments } from "./deviation.ts";

export interface Distance {
  /** Squared Mahalanobis distance. */
  squared: number;
  /** Column with the largest deviation on its own, and that deviation in standard deviations. */
  furthest: number;
  deviations: number;
}

/** The distance of a row that begins at `at` (default 0). */
type DistanceOf = (cells: ArrayLike<number>, at?: number) => Distance;

/**
 * Squared Mahalanobis distance of rows from a sample known by its moments. The covariance is shrunk towards its diagonal
 * by `width / (count + width)`, which keeps it positive definite however few were seen, and every variance has a small
 * floor, so that a measure that never varied does not turn a rounding error into a scandal.
 */
export function distanceFrom(moments: Moments): DistanceOf {
  const known = remembered.get(moments);
  if (known?.count === moments.count) return known.distance;
  const distance = prepared(moments);
  remembered.set(moments, { count: moments.count, distance });
  return distance;
}

// --- internal ---

/** Of moments that grow in place, only the distance at the latest count is any use. */
const remembered = new WeakMap<Moments, { count: number; distance: DistanceOf }>();

function prepared(moments: Moments): DistanceOf {
  const width = moments.sum.length;
  const mean = Float64Array.from(moments.sum, (sum) => sum / moments.count);
  const shrink = width / (moments.count + width);
  const covariance = Array.from(mean, (_, a) =>
    Array.from(mean, (__, b) => {
      const [high, low] = a > b ? [a, b] : [b, a];
      const value = moments.products[(high * (high + 1)) / 2 + low]! / moments.count - mean[a]! * mean[b]!;
      return a === b ? Math.max(0, value) + FLOOR : value * (1 - shrink);
    }),
  );
  const lower = cholesky(covariance).map((row) => Float64Array.from(row));
  const spread = Float64Array.from(covariance, (row, a) => Math.sqrt(row[a]!));
  const solved = new Float64Array(width);
  return (cells, at = 0) => {
    let [squared, furthest, deviations] = [0, 0, 0];
    for (let a = 0; a < width; a++) {
      const off = cells[at + a]! - mean[a]!;
      const own = Math.abs(off) / spread[a]!;
      if (own > deviations) {
        furthest = a;
        deviations = own;
      }
      const weights = lower[a]!;
      let rest = off;
      for (let k = 0; k < a; k++) rest -= weights[k]! * solved[k]!;
      solved[a] = rest / weights[a]!;
      squared += solved[a]! ** 2;
    }
    return { squared, furthest, deviations };
  };
}

/** Measures are logarithms and shares: 0.05 is a difference nobody would call one. */
const FLOOR = 0.05 ** 2;

/** The lower triangle whose square is the matrix. */
function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const lower: number[][] = [];
  for (let a = 0; a < matrix.length; a++) {
    const row: number[] = [];
    lower.push(row);
    for (let b = 0; b <= a; b++) {
      let value = matrix[a]![b]!;
      for (let k = 0; k < b; k++) value -= row[k]! * lower[b]![k]!;
      // Rounding can push a pivot below 0 when columns depend on each other; the floor bounds it from below.
      row.push(a === b ? Math.sqrt(Math.max(value, FLOOR)) : value / lower[b]![b]!);
    }
  }
  return lower;
}
