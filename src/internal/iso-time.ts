/** Epoch milliseconds (microseconds as the fraction) as `2026-01-31T12:00:00.123456Z`. */
export function toIsoTime(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.min(999, Math.round((ms - whole) * 1000));
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}
