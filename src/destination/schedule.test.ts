import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_RETRY_AFTER_MS, nextAttempt, RETRY_DELAYS_MS } from "./schedule.ts";

const MINUTE = 60_000;
const retry = { status: "retry", reason: "status 500" } as const;
const middle = (): number => 0.5;

describe("the retry schedule", () => {
  it("makes ten attempts over 75 h 35 min and then stops", () => {
    let now = 0;
    const minutes = [now];
    for (let attempts = 1; ; attempts++) {
      const next = nextAttempt(attempts, retry, now, middle);
      if (next === null) break;
      minutes.push(Math.round(next / MINUTE));
      now = next;
    }
    const hours = [2, 7, 17, 31, 51, 75].map((hour) => hour * 60 + 35);
    expect(minutes).toEqual([0, 0, 5, 35, ...hours]);
  });

  it("never tries again what was delivered or is dead", () => {
    expect(nextAttempt(1, { status: "delivered" }, 0, middle)).toBeNull();
    expect(nextAttempt(1, { status: "dead", reason: "410" }, 0, middle)).toBeNull();
  });

  it("follows another schedule when given one, and ends where it ends", () => {
    expect(nextAttempt(1, retry, 100, middle, [0, 50])).toBe(150);
    expect(nextAttempt(2, retry, 100, middle, [0, 50])).toBeNull();
  });

  it("keeps jitter within a tenth, and never comes back before Retry-After", () => {
    const attempts = fc.integer({ min: 1, max: RETRY_DELAYS_MS.length - 1 });
    const sample = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const wish = fc.option(fc.integer({ min: 0, max: 3 * MAX_RETRY_AFTER_MS }), { nil: undefined });
    fc.assert(
      fc.property(attempts, sample, wish, (made, random, retryAfterMs) => {
        const outcome = { ...retry, ...(retryAfterMs !== undefined && { retryAfterMs }) };
        const waited = (nextAttempt(made, outcome, 1_000, () => random) ?? Number.NaN) - 1_000;
        const scheduled = RETRY_DELAYS_MS[made] ?? Number.NaN;
        const wished = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
        expect(waited).toBeGreaterThanOrEqual(Math.max(Math.floor(scheduled * 0.9), wished));
        expect(waited).toBeLessThanOrEqual(Math.ceil(Math.max(scheduled, wished) * 1.1));
      }),
    );
  });
});
