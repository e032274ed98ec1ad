import { parseDuration } from "../internal/parse-duration.ts";
import { LoopsmithError } from "../model/errors.ts";

/** The last `24h` (or ms), or a fixed range of epoch ms / dates. */
export type WindowOption = string | number | { from: number | Date; to?: number | Date };

/** @throws LoopsmithError `invalid` */
export function resolveWindow(window: WindowOption, now: number): { from: number; to: number } {
  if (typeof window === "object") {
    const range = { from: Number(window.from), to: window.to === undefined ? now : Number(window.to) };
    if (range.from < range.to) return range;
  } else {
    const lengthMs = parseDuration(window);
    // A trace of this very millisecond belongs to "the last hour" too.
    if (lengthMs !== null && lengthMs > 0) return { from: now - lengthMs, to: now + 1 };
  }
  throw new LoopsmithError("invalid", `the window is ${JSON.stringify(window)}`, {
    hint: 'Give a length such as "24h" or "7d", or { from, to } with from before to.',
  });
}

/** A point in the future: a length from now (`2h`), a date, or epoch ms. @throws LoopsmithError `invalid` for one that is over */
export function resolveUntil(until: string | number, now: number): number {
  const lengthMs = typeof until === "string" ? parseDuration(until) : null;
  const at = lengthMs === null ? Number(typeof until === "string" ? dateOf(until) : until) : now + lengthMs;
  if (at > now) return at;
  throw new LoopsmithError("invalid", `until ${JSON.stringify(until)} is no time to come`, {
    hint: 'Give a length such as "2h" or a later date such as 2027-01-01, or none for good.',
  });
}

/** A point in the past: a length back from now (`7d`), a date, or epoch ms. @throws LoopsmithError `invalid` for any other text */
export function resolveSince(since: string | number | Date, now: number): number {
  if (since instanceof Date) return since.getTime();
  if (typeof since === "number") return since;
  const lengthMs = parseDuration(since);
  if (lengthMs !== null) return now - lengthMs;
  const date = dateOf(since);
  if (!Number.isNaN(date)) return date;
  throw new LoopsmithError("invalid", `since is ${JSON.stringify(since)}`, {
    hint: 'Give a length back such as "7d", or a date such as 2026-11-01.',
  });
}

/** Epoch ms; NaN for what is none, and for a bare number, which `Date` would take for a year. */
function dateOf(text: string): number {
  if (/^\d{12,}$/.test(text.trim())) return Number(text);
  return /^[\d.+-]+$/.test(text.trim()) && !/^\d{4}-\d{2}/.test(text.trim()) ? NaN : Date.parse(text);
}
