import { retryAfterMs } from "../internal/retry-after.ts";
import { isJsonObject } from "../model/json.ts";

export interface RateLimiterOptions {
  /** Requests a second at most, and where it starts. @default 1_000 */
  maxPerSecond?: number;
  /** Never slower than this. @default 0.2 */
  minPerSecond?: number;
  /** How often one request is tried. @default 6 */
  maxTries?: number;
  /** Epoch ms or any other clock in ms. @default Date.now */
  now?: () => number;
  /** Replaced in tests. @default a timer */
  sleep?: (ms: number) => Promise<void>;
}

/** What a failed request says about the next one. */
export interface Refusal {
  status: number;
  /** How long the server wants to be left alone, where it says so. */
  retryAfterMs: number | null;
}

export interface RateLimiter {
  /** Waits for its turn, runs, and tries again what a later try can mend (429, 5xx, no answer). */
  run<T>(call: () => Promise<T>): Promise<T>;
  /** Requests a second it allows itself now. */
  perSecond(): number;
}

const WINDOW_MS = 1_000;
const BACKOFF_MS = 500;
const BACKOFF_CAP_MS = 30_000;
/** What a second of requests without a refusal adds to the rate. */
const STEP_PER_SECOND = 0.5;

/**
 * One limiter for everything that talks to a server: additive increase, multiplicative decrease. It knows no quota. A 429
 * halves the rate that led to it, once for all requests that were under way then, and nobody asks before `Retry-After` is
 * over; every answer raises the rate a little.
 */
export function rateLimiter(options: RateLimiterOptions = {}): RateLimiter {
  const { maxPerSecond = 1_000, minPerSecond = 0.2, maxTries = 6, now = Date.now } = options;
  const sleep = options.sleep ?? ((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  let rate = maxPerSecond;
  let nextAt = 0;
  let slowedAt = -Infinity;
  const starts: number[] = [];

  async function turn(): Promise<number> {
    for (;;) {
      const at = now();
      if (at >= nextAt) {
        nextAt = at + 1_000 / rate;
        while ((starts[0] ?? Infinity) <= at - WINDOW_MS) starts.shift();
        starts.push(at);
        return at;
      }
      await sleep(nextAt - at);
    }
  }

  function slowDown(startedAt: number, wishMs: number | null): void {
    const at = now();
    nextAt = Math.max(nextAt, at + (wishMs ?? 1_000 / rate));
    if (startedAt <= slowedAt) return;
    slowedAt = at;
    // A rate that was never used says nothing about what the server allows.
    rate = Math.max(minPerSecond, Math.min(rate, Math.max(1, starts.length)) / 2);
  }

  return {
    perSecond: () => rate,
    async run(call) {
      for (let attempt = 1; ; attempt += 1) {
        const startedAt = await turn();
        try {
          const value = await call();
          rate = Math.min(maxPerSecond, rate + STEP_PER_SECOND / rate);
          return value;
        } catch (error) {
          const { status, retryAfterMs: wishMs } = refusalOf(error, now());
          if (status === 429) slowDown(startedAt, wishMs);
          if (attempt >= maxTries || !canMend(status)) throw error;
          const backoffMs = Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_CAP_MS);
          if (status !== 429) await sleep(wishMs ?? backoffMs);
        }
      }
    },
  };
}

/** No answer at all (0) counts as a server that is gone for a moment; 501 as one that cannot. */
function canMend(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** Reads the status and the `Retry-After` header (seconds or a date) of what a client threw. */
export function refusalOf(error: unknown, now: number): Refusal {
  if (!isJsonObject(error)) return { status: 0, retryAfterMs: null };
  const { status, headers } = error as unknown as { status?: unknown; headers?: unknown };
  return {
    status: typeof status === "number" ? status : 0,
    retryAfterMs: headers instanceof Headers ? retryAfterMs(headers, now) : null,
  };
}
