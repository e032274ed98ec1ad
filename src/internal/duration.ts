/** `90 s`, `45 min`, `6 h`, `3 days`. */
export function duration(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Number((ms / 3_600_000).toPrecision(2))} h`;
  return `${Number((ms / 86_400_000).toPrecision(2))} days`;
}
