/**
 * Benjamini-Hochberg adjusted p-values, in the order given. `hypotheses` is how many were tested in all when only the
 * interesting ones are listed; the unlisted ones count as p = 1. Same as R's `p.adjust(p, "BH", n)`.
 */
export function benjaminiHochberg(p: ArrayLike<number>, hypotheses: number = p.length): Float64Array {
  const count = p.length;
  const total = Math.max(hypotheses, count);
  const order = new Uint32Array(count).map((_, index) => index).sort((a, b) => (p[a] ?? 1) - (p[b] ?? 1));
  const q = new Float64Array(count);
  let smallest = 1;
  for (let rank = count; rank >= 1; rank -= 1) {
    const index = order[rank - 1] ?? 0;
    smallest = Math.min(smallest, ((p[index] ?? 1) * total) / rank);
    q[index] = smallest;
  }
  return q;
}
