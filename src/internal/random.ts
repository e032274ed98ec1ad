/** Uniform numbers in [0, 1). */
export type RandomSource = () => number;

/** A repeatable stream of uniform numbers (sfc32 by Chris Doty-Humphrey, passes PractRand). The same seed gives the same stream. */
export function randomSource(seed: number): RandomSource {
  let a = seed | 0;
  let b = Math.imul(seed, 0x9e3779b1) | 0;
  let c = 0x6a09e667;
  let counter = 1;
  const next = (): number => {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    return (out >>> 0) / 4_294_967_296;
  };
  for (let warmUp = 0; warmUp < 15; warmUp += 1) next();
  return next;
}

/** A stream of standard normal numbers (Marsaglia's polar method, which makes two at a time). */
export function normalSource(random: RandomSource): () => number {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = Number.NaN;
      return kept;
    }
    for (;;) {
      const u = 2 * random() - 1;
      const v = 2 * random() - 1;
      const s = u * u + v * v;
      if (s <= 0 || s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * scale;
      return u * scale;
    }
  };
}

/** A Poisson number. Large means are split, since a sum of Poissons is Poisson and exp(-mean) must not vanish. */
export function randomPoisson(random: RandomSource, mean: number): number {
  if (mean > 500) return randomPoisson(random, mean / 2) + randomPoisson(random, mean / 2);
  const floor = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > floor; product *= random()) count += 1;
  return count;
}

/** A binomial number, by jumping from success to success (geometric gaps): work grows with the successes only. */
export function randomBinomial(random: RandomSource, trials: number, rate: number): number {
  if (rate <= 0 || trials <= 0) return 0;
  if (rate >= 1) return trials;
  if (rate > 0.5) return trials - randomBinomial(random, trials, 1 - rate);
  const step = Math.log1p(-rate);
  let count = 0;
  for (let position = 0; ; count += 1) {
    position += Math.floor(Math.log(1 - random()) / step) + 1;
    if (position > trials) return count;
  }
}
