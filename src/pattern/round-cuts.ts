/**
 * Cut points for a numeric feature, from its values alone (never from who failed, so no hidden search for the best split).
 * `sorted` ascends and has no gaps. Few distinct values are cut between each two; otherwise `count` quantiles are taken,
 * each moved to the roundest number within half a step to either side: `0.5` instead of `0.4937`, `2000` instead of `1983.2`.
 * A cut c divides into `< c` and `>= c`.
 */
export function roundCuts(sorted: ArrayLike<number>, count: number): number[] {
  const distinct = firstDistinct(sorted, count + 1);
  if (distinct !== null) return distinct.slice(1);
  const cuts = new Set<number>();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  for (let step = 1; step <= count; step += 1) {
    const [low, high] = [at((step - 0.5) / (count + 1)), at((step + 0.5) / (count + 1))];
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
