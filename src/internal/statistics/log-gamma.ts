const HALF_LOG_TWO_PI = 0.9189385332046727;

/**
 * ln n! - ln(sqrt(2 pi n) (n/e)^n): what Stirling's formula misses, to full double precision for n > 0.
 * Asymptotic series (Abramowitz & Stegun 6.1.41), shifted upward where the series has not converged yet.
 */
export function stirlingError(n: number): number {
  if (n >= 16) {
    const square = n * n;
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n;
  }
  return logGamma(n + 1) - (n + 0.5) * Math.log(n) + n - HALF_LOG_TWO_PI;
}

/** ln Gamma(x) for x > 0: Stirling's formula after shifting x to 16 or more by the recurrence Gamma(x + 1) = x Gamma(x). */
export function logGamma(x: number): number {
  let product = 1;
  let shifted = x;
  while (shifted < 16) {
    product *= shifted;
    shifted += 1;
  }
  return (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_TWO_PI + stirlingError(shifted) - Math.log(product);
}
