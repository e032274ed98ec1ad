/** `Retry-After` in ms from now, in either of its forms, or `null`. A date is read against the server's own clock if it tells it. */
export function retryAfterMs(headers: Pick<Headers, "get">, now: number): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const until = Date.parse(text);
  if (Number.isNaN(until)) return null;
  const theirNow = Date.parse(headers.get("date") ?? "");
  return Math.max(0, until - (Number.isNaN(theirNow) ? now : theirNow));
}
