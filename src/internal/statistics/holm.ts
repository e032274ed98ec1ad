/**
 * Holm's adjusted p-values (Scandinavian Journal of Statistics 1979), in the order given: rejecting those at most alpha
 * keeps the chance of any false rejection at alpha, however the tests depend on each other.
 */
export function holm(p: readonly number[]): number[] {
  const order = p.map((_, index) => index).sort((a, b) => (p[a] ?? 1) - (p[b] ?? 1));
  const adjusted = p.map(() => 1);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (p[index] ?? 1) * (p.length - rank)));
    adjusted[index] = largest;
  });
  return adjusted;
}
