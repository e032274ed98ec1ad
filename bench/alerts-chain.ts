import { normalCdf } from "../src/internal/statistics/normal.ts";

/** Cells of a chain; odd, so that one of them is centred on the start. The values do not move in the fourth digit with twice as many. */
const CELLS = 201;

/**
 * Average run length of the EWMA without simulation: Brook & Evans' Markov chain (Biometrika 1972) over the cells
 * between the limits, `arl = 1 + P arl`.
 */
export function ewmaArlByChain(shift: number, lambda: number, limit: number): number {
  const cells = CELLS;
  const edge = limit * Math.sqrt(lambda / (2 - lambda));
  const width = (2 * edge) / cells;
  const centre = (i: number): number => -edge + (i + 0.5) * width;
  const rows = Array.from({ length: cells }, (_, i) => {
    const at = (x: number): number => normalCdf((x - (1 - lambda) * centre(i)) / lambda - shift);
    return Float64Array.from({ length: cells + 1 }, (__, j) =>
      j === cells ? 1 : -(at(-edge + (j + 1) * width) - at(-edge + j * width)),
    );
  });
  for (const [i, row] of rows.entries()) row[i] = (row[i] ?? 0) + 1;
  return solve(rows)[(cells - 1) / 2] ?? Number.NaN;
}

/** Average run length of the two-sided CUSUM from zero: `1 / arl = 1 / arl(up) + 1 / arl(down)` (Kemp 1961). */
export function cusumArlByChain(shift: number, k: number, h: number): number {
  return 1 / (1 / oneSided(shift, k, h) + 1 / oneSided(-shift, k, h));
}

/** States: a first cell around zero of half the width, where everything below zero ends up, then equal cells up to h. */
function oneSided(shift: number, k: number, h: number): number {
  const width = h / (CELLS - 0.5);
  const rows = Array.from({ length: CELLS }, (_, i) => {
    const at = (x: number): number => normalCdf(x - i * width + k - shift);
    return Float64Array.from({ length: CELLS + 1 }, (__, j) => {
      if (j === CELLS) return 1;
      return -(at((j + 0.5) * width) - (j === 0 ? 0 : at((j - 0.5) * width)));
    });
  });
  for (const [i, row] of rows.entries()) row[i] = (row[i] ?? 0) + 1;
  return solve(rows)[0] ?? Number.NaN;
}

/** Average run length of a chart that alarms outside `limit` standard deviations, in closed form. */
export function shewhartArl(shift: number, limit = 3): number {
  return 1 / (normalCdf(-limit - shift) + normalCdf(-limit + shift));
}

/** Gauss elimination; the matrix is diagonally dominant, so no pivoting. */
function solve(rows: Float64Array[]): number[] {
  const n = rows.length;
  for (let i = 0; i < n; i += 1) {
    const pivot = rows[i] as Float64Array;
    for (let k = i + 1; k < n; k += 1) {
      const row = rows[k] as Float64Array;
      const factor = (row[i] ?? 0) / (pivot[i] ?? 1);
      if (factor !== 0) for (let j = i; j <= n; j += 1) row[j] = (row[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  const x = Array.from({ length: n }, () => 0);
  for (let i = n - 1; i >= 0; i -= 1) {
    const row = rows[i] as Float64Array;
    let sum = row[n] ?? 0;
    for (let j = i + 1; j < n; j += 1) sum -= (row[j] ?? 0) * (x[j] ?? 0);
    x[i] = sum / (row[i] ?? 1);
  }
  return x;
}
