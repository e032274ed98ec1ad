/** How far a cut may move from its quantile to become round, in steps between quantiles. */
const LEEWAY = 0.3;

/**
 * Cut points for a numeric feature, from its values alone (never from who failed, so no hidden search for the best split).
 * `sorted` ascends and has no gaps. Few distinct values are cut between each two; otherwise `count` quantiles and the outer
 * 2% at both ends are taken, each moved to the roundest number nearby: `0.5` instead of `0.4937`, `2000` instead of `1983.2`.
 * A cut c divides into `< c` and `>= c`.
 */
export function roundCuts(sorted: ArrayLike<number>, count: number): number[] {
  const distinct = firstDistinct(sorted, count + 1);
  if (distinct !== null) return distinct.slice(1);
  const step = 1 / (count + 1);
  const quantiles = Array.from({ length: count }, (_, index) => ({ share: (index + 1) * step, leeway: LEEWAY * step }));
  const tails = count < 7 ? [] : [0.02, 0.98].map((share) => ({ share, leeway: LEEWAY * 0.02 }));
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const cuts = new Set<number>();
  for (const { share, leeway } of [...quantiles, ...tails]) {
    const [low, high] = [at(share - leeway), at(share + leeway)];
    const cut = low < high ? roundestBetween(low, high) : low;
    if (cut > (sorted[0] ?? 0)) cuts.add(cut);
  }
  return [...cuts].sort((a, b) => a - b);
}

/** The distinct values when there are at most `limit`, else `null`. */
function firstDistinct(sorted: ArrayLike<number>, limit: number): number[] | null {
  const distinct: number[] = [];
  for (let index = 0; index < sorted.length; index += 1) {
    const value = sorted[index] ?? 0;
    if (value === distinct.at(-1)) continue;
    if (distinct.length === limit) return null;
    distinct.push(value);
  }
  return distinct;
}

/** The number with the fewest digits in (low, high]; the one nearest the middle among equals. */
export function roundestBetween(low: number, high: number): number {
  if (low < 0 && high >= 0) return 0;
  const middle = (low + high) / 2;
  for (let exponent = Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)))); exponent > -300; exponent -= 1) {
    for (const multiple of [10, 5, 2, 1]) {
      const round = (steps: number): number => Number((steps * multiple * 10 ** (exponent - 1)).toPrecision(15));
      const unit = multiple * 10 ** (exponent - 1);
      const candidates = [Math.floor(middle / unit), Math.ceil(middle / unit)]
        .map(round)
        .filter((c) => c > low && c <= high);
      const best = candidates.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
      if (best !== undefined) return best;
    }
  }
  return high;
}
