import { setTimeout } from "node:timers/promises";
import { retryAfterMs } from "../internal/retry-after.ts";
import { isJsonObject } from "../model/json.ts";

/** What all who talk to one server know of its pace. */
export interface Pace {
  /** Requests a second. */
  perSecond: number;
  /** When the next request may start. */
  nextAt: number;
  /** When a refusal last halved the rate. */
  slowedAt: number;
  /** Requests that were let go since `secondAt`, and in the second before. */
  secondAt: number;
  taken: number;
  takenBefore: number;
}

/** Where a pace is kept: read, changed and written by one at a time. */
export type UpdatePace = (change: (pace: Pace | null) => Pace) => Promise<Pace>;

export interface RateLimiterOptions {
  /** Requests a second at most, and where it starts. @default 1_000 */
  maxPerSecond?: number;
  /** Never slower than this. @default 0.2 */
  minPerSecond?: number;
  /** How often one request is tried. @default 6 */
  maxTries?: number;
  /** Shares the pace with other workers; see `storePace`. @default this limiter's memory */
  updatePace?: UpdatePace;
  /** Epoch ms or any other clock in ms, the same for all who share a pace. @default Date.now */
  now?: () => number;
  /** Requests a second that a second without a refusal adds to the rate. @default 0.5 */
  stepPerSecond?: number;
  /** Reads a refusal out of what a call threw. @default the `status` and `headers` of LangSmith's client */
  refusalOf?: (error: unknown, now: number) => Refusal;
  /** Replaced in tests. @default a timer, which `signal` ends with a rejection */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** What a failed request says about the next one. */
export interface Refusal {
  status: number;
  /** How long the server wants to be left alone, where it says so. */
  retryAfterMs: number | null;
}

export interface RateLimiter {
  /**
   * Waits for its turn (until `signal` says to stop), runs, and tries again what a later try can mend (429, 5xx, no answer),
   * `tries` times in all.
   */
  run<T>(call: () => Promise<T>, signal?: AbortSignal, tries?: number): Promise<T>;
  /** Requests a second it allows itself now. */
  perSecond(): number;
}

/** Waits for its turn and runs, once: whoever asked tries again. */
export type Paced = <T>(call: () => Promise<T>) => Promise<T>;

/** A limiter for calls that somebody else tries again. */
export function pacedBy(limiter: RateLimiter): Paced {
  return (call) => limiter.run(call, undefined, 1);
}

const SECOND_MS = 1_000;
const BACKOFF_MS = 500;
const BACKOFF_CAP_MS = 30_000;
/** How far ahead turns are taken together; a refusal another worker hears is learnt of no later than that. */
const BLOCK_MS = 250;

/**
 * One limiter for everything that talks to a server: additive increase, multiplicative decrease. It knows no quota. A 429
 * halves the rate that led to it, once for all requests that were under way then, and nobody asks before `Retry-After` is
 * over; every answer raises the rate a little. Limiters that share a pace keep to it together.
 */
export function rateLimiter(options: RateLimiterOptions = {}): RateLimiter {
  const { maxPerSecond = 1_000, minPerSecond = 0.2, maxTries = 6, now = Date.now, updatePace = inMemory() } = options;
  const { stepPerSecond = 0.5, refusalOf: readRefusal = refusalOf } = options;
  const sleep =
    options.sleep ?? ((ms: number, signal?: AbortSignal) => setTimeout(ms, undefined, signal ? { signal } : {}));
  let rate = maxPerSecond;
  /** Turns taken and not used yet. */
  let turns: number[] = [];
  let waiting = 0;
  let taking: Promise<void> | null = null;
  /** What answers since the last look at the pace have earned. */
  let earned = 0;
  /** Grows with every refusal: turns taken before are void. */
  let refusals = 0;

  function read(pace: Pace | null, at: number): Pace {
    if (!pace) return { perSecond: maxPerSecond, nextAt: at, slowedAt: -1, secondAt: at, taken: 0, takenBefore: 0 };
    const age = at - pace.secondAt;
    // A clock that was set back must not keep everybody waiting.
    if (age < -SECOND_MS) return { ...pace, nextAt: at, slowedAt: -1, secondAt: at, taken: 0, takenBefore: 0 };
    if (age < SECOND_MS) return pace;
    return { ...pace, secondAt: at, taken: 0, takenBefore: age < 2 * SECOND_MS ? pace.taken : 0 };
  }

  async function take(): Promise<void> {
    const gain = earned;
    earned = 0;
    let from = 0;
    let count = 0;
    const pace = await updatePace((current) => {
      const at = now();
      const known = read(current, at);
      const perSecond = Math.min(maxPerSecond, known.perSecond + gain);
      from = Math.max(known.nextAt, at);
      count = Math.max(1, Math.min(waiting, Math.floor((perSecond * BLOCK_MS) / 1_000)));
      const nextAt = from + (count * 1_000) / perSecond;
      return { ...known, perSecond, nextAt, taken: known.taken + count };
    });
    rate = pace.perSecond;
    turns = Array.from({ length: count }, (_, turn) => from + (turn * 1_000) / rate);
  }

  async function turn(signal?: AbortSignal): Promise<number> {
    waiting += 1;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const at = turns.shift();
        if (at === undefined) {
          await (taking ??= take().finally(() => (taking = null)));
          continue;
        }
        const before = refusals;
        if (at > now()) await sleep(at - now(), signal);
        if (before === refusals) return now();
      }
    } finally {
      waiting -= 1;
    }
  }

  async function slowDown(startedAt: number, wishMs: number | null): Promise<void> {
    refusals += 1;
    turns = [];
    const pace = await updatePace((current) => {
      const at = now();
      const known = read(current, at);
      const nextAt = Math.max(known.nextAt, at + (wishMs ?? 1_000 / known.perSecond));
      if (startedAt <= known.slowedAt) return { ...known, nextAt };
      // A rate that was never used says nothing about what the server allows.
      const used = Math.max(1, known.taken, known.takenBefore);
      const perSecond = Math.max(minPerSecond, Math.min(known.perSecond, used) / 2);
      return { ...known, perSecond, nextAt, slowedAt: at };
    });
    earned = 0;
    rate = pace.perSecond;
  }

  return {
    perSecond: () => Math.min(maxPerSecond, rate + earned),
    async run(call, signal, tries = maxTries) {
      for (let attempt = 1; ; attempt += 1) {
        const startedAt = await turn(signal);
        try {
          const value = await call();
          earned += stepPerSecond / rate;
          return value;
        } catch (error) {
          const { status, retryAfterMs: wishMs } = readRefusal(error, now());
          if (status === 429) await slowDown(startedAt, wishMs);
          if (attempt >= tries || !canMend(status)) throw error;
          const backoffMs = Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_CAP_MS);
          if (status !== 429) await sleep(wishMs ?? backoffMs, signal);
        }
      }
    },
  };
}

function inMemory(): UpdatePace {
  let pace: Pace | null = null;
  return (change) => Promise.resolve((pace = change(pace)));
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
