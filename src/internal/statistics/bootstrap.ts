import { randomSource } from "../random.ts";
import { normalCdf, normalQuantile } from "./normal.ts";

export interface BootstrapOptions {
  /** Chance that the interval misses, both sides together. @default 0.05 */
  alpha?: number;
  /** Resamples drawn. @default 2_000 */
  resamples?: number;
  /** The same seed gives the same interval. @default 1 */
  seed?: number;
}

export interface BootstrapInterval {
  estimate: number;
  low: number;
  high: number;
}

/**
 * Bias-corrected and accelerated bootstrap interval (Efron, JASA 1987) of a statistic over `size` cases. A case is
 * resampled as a whole, so a statistic over pairs keeps them paired. `statistic` gets the indices of one resample.
 * Where every resample gives the same value the interval is that value; with fewer than two cases it has no width.
 */
export function bootstrap(
  size: number,
  statistic: (cases: Uint32Array) => number,
  { alpha = 0.05, resamples = 2000, seed = 1 }: BootstrapOptions = {},
): BootstrapInterval {
  const identity = new Uint32Array(size).map((_, index) => index);
  const estimate = statistic(identity);
  if (size < 2) return { estimate, low: estimate, high: estimate };
  const random = randomSource(seed);
  const cases = new Uint32Array(size);
  const values = new Float64Array(resamples).map(() => {
    for (let index = 0; index < size; index += 1) cases[index] = Math.floor(random() * size);
    return statistic(cases);
  });
  values.sort();
  const bias = normalQuantile(shareBelow(values, estimate));
  const acceleration = jackknifeAcceleration(size, statistic);
  const level = (tail: number): number => {
    const shifted = bias + normalQuantile(tail);
    return normalCdf(bias + shifted / (1 - acceleration * shifted));
  };
  // All resamples on one side of the estimate leave no finite bias; the plain percentiles still hold then.
  if (!Number.isFinite(bias))
    return { estimate, low: quantile(values, alpha / 2), high: quantile(values, 1 - alpha / 2) };
  return { estimate, low: quantile(values, level(alpha / 2)), high: quantile(values, level(1 - alpha / 2)) };
}

/** Ties count half, as in scipy. */
function shareBelow(sorted: Float64Array, value: number): number {
  let below = 0;
  for (const item of sorted) below += item < value ? 1 : item === value ? 0.5 : 0;
  return below / sorted.length;
}

function jackknifeAcceleration(size: number, statistic: (cases: Uint32Array) => number): number {
  const cases = new Uint32Array(size - 1);
  const left = new Float64Array(size).map((_, out) => {
    for (let index = 0; index < size - 1; index += 1) cases[index] = index < out ? index : index + 1;
    return statistic(cases);
  });
  const mean = left.reduce((sum, value) => sum + value, 0) / size;
  let [squares, cubes] = [0, 0];
  for (const value of left) {
    squares += (mean - value) ** 2;
    cubes += (mean - value) ** 3;
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

/** Linear interpolation between order statistics, as numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const position = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const low = Math.floor(position);
  const [a, b] = [sorted[low] ?? Number.NaN, sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN];
  return a + (b - a) * (position - low);
}
