/** Two-sided CUSUM of standardised values (Page, Biometrika 1954). */
export interface Cusum {
  high: number;
  low: number;
}

export const CUSUM_START: Cusum = { high: 0, low: 0 };

/** One step with reference value `k` (half the shift of interest, in standard deviations). Alarm when either side exceeds h. */
export function stepCusum({ high, low }: Cusum, z: number, k: number): Cusum {
  return { high: Math.max(0, high + z - k), low: Math.max(0, low - z - k) };
}

export function cusumAlarm({ high, low }: Cusum, h: number): boolean {
  return high > h || low > h;
}

/** One step of the exponentially weighted moving average (Roberts, Technometrics 1959) of standardised values, from 0. */
export function stepEwma(average: number, z: number, lambda: number): number {
  return (1 - lambda) * average + lambda * z;
}

/** Alarm outside the steady-state limits, `L sqrt(lambda / (2 - lambda))` (Lucas & Saccucci, Technometrics 1990). */
export function ewmaAlarm(average: number, lambda: number, limit: number): boolean {
  return Math.abs(average) > limit * Math.sqrt(lambda / (2 - lambda));
}

/** Shewhart's individual chart: alarm on one value further than `limit` standard deviations, usually 3. */
export function shewhartAlarm(z: number, limit = 3): boolean {
  return Math.abs(z) > limit;
}
