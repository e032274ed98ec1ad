import type { Moments } from "./deviation.ts";

export interface Distance {
  /** Squared Mahalanobis distance. */
  squared: number;
  /** Column with the largest deviation on its own, and that deviation in standard deviations. */
  furthest: number;
  deviations: number;
}

/**
 * Squared Mahalanobis distance of a row from a sample known by its moments. The covariance is shrunk towards its diagonal
 * by `width / (count + width)`, which keeps it positive definite however few were seen, and every variance has a small
 * floor, so that a measure that never varied does not turn a rounding error into a scandal.
 */
export function choleskyDistance(row: readonly number[], moments: Moments): Distance {
  const width = row.length;
  const mean = moments.sum.map((sum) => sum / moments.count);
  const shrink = width / (moments.count + width);
  const covariance = Array.from({ length: width }, (_, a) =>
    Array.from({ length: width }, (_, b) => {
      const value = moments.products[a * width + b]! / moments.count - mean[a]! * mean[b]!;
      return a === b ? Math.max(0, value) + FLOOR : value * (1 - shrink);
    }),
  );
  const off = row.map((value, a) => value - mean[a]!);
  let furthest = 0;
  let deviations = 0;
  for (const [a, value] of off.entries()) {
    const own = Math.abs(value) / Math.sqrt(covariance[a]![a]!);
    if (own > deviations) [furthest, deviations] = [a, own];
  }
  return { squared: solvedNorm(covariance, off), furthest, deviations };
}

// --- internal ---

/** Measures are logarithms and shares: 0.05 is a difference nobody would call one. */
const FLOOR = 0.05 ** 2;

/** x' C^-1 x by Cholesky factorisation and forward substitution. */
function solvedNorm(matrix: readonly (readonly number[])[], vector: readonly number[]): number {
  const lower: number[][] = [];
  const solved: number[] = [];
  for (let a = 0; a < vector.length; a++) {
    const row: number[] = [];
    for (let b = 0; b <= a; b++) {
      let value = matrix[a]![b]!;
      for (let k = 0; k < b; k++) value -= row[k]! * (a === b ? row[k]! : lower[b]![k]!);
      // Rounding can push a pivot below 0 when columns depend on each other; the floor bounds it from below.
      row.push(a === b ? Math.sqrt(Math.max(value, FLOOR)) : value / lower[b]![b]!);
    }
    lower.push(row);
    let rest = vector[a]!;
    for (let k = 0; k < a; k++) rest -= row[k]! * solved[k]!;
    solved.push(rest / row[a]!);
  }
  return solved.reduce((sum, value) => sum + value * value, 0);
}
