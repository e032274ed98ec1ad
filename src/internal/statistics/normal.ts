const SQRT_TWO_PI = 2.5066282746310002;

/** Density of the standard normal. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / SQRT_TWO_PI;
}

/** P(Z > x), with full relative precision far into the tail (so -ln of it can be compared). */
export function normalUpperTail(x: number): number {
  if (x < 0) return 1 - normalUpperTail(-x);
  if (x < 3) {
    // Phi(x) - 1/2 = density(x) (x + x^3/3 + x^5/(3*5) + ...), Abramowitz & Stegun 26.2.11.
    let term = x;
    let sum = x;
    for (let k = 3; term > sum * 1e-17; k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 - normalDensity(x) * sum;
  }
  // Laplace's continued fraction, 26.2.14; 80 levels give full precision from x = 3 on.
  let fraction = x;
  for (let k = 80; k >= 1; k -= 1) fraction = x + k / fraction;
  return normalDensity(x) / fraction;
}

/** P(Z <= x). */
export function normalCdf(x: number): number {
  return normalUpperTail(-x);
}

/**
 * The x with P(Z <= x) = p, for 0 < p < 1; infinite at the ends. Starts from Abramowitz & Stegun 26.2.23 and polishes it
 * with Halley steps until nothing changes.
 */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let x = -(
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
  );
  for (let step = 0; step < 6; step += 1) {
    const error = (normalCdf(x) - p) / normalDensity(x);
    const move = error / (1 + (x * error) / 2);
    x -= move;
    if (Math.abs(move) < 1e-15 * Math.abs(x)) break;
  }
  return x;
}
