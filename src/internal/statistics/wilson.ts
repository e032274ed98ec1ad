/**
 * Wilson's score interval for a share (JASA 1927): where the true rate lies with 95% confidence at the default `z`. The
 * whole range when nothing was counted. `hits` may be fractional, e.g. an average over repetitions.
 */
export function wilsonInterval(hits: number, total: number, z = 1.959963984540054): [number, number] {
  if (total <= 0) return [0, 1];
  const share = hits / total;
  const spread = (z * z) / total;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (z * Math.sqrt((share * (1 - share)) / total + spread / (4 * total))) / (1 + spread);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
