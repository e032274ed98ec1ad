import { sleep as sleepFor } from "../../internal/sleep.ts";
import { LoopsmithError } from "../../model/errors.ts";

export interface RetryOptions {
  /** Tries in all, the first included. @default 3 */
  attempts?: number;
  /** Wait before the second try; doubles with every further one, with jitter. @default 500 */
  backoffMs?: number;
  /** The longest wait for one retry; a server that asks for more ends the call, to be tried again later. @default 20_000 */
  maxDelayMs?: number;
  /** Epoch ms. @default Date.now */
  now?: () => number;
  /** Uniform in [0, 1), for jitter. @default Math.random */
  random?: () => number;
  /** @default setTimeout */
  sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** What one try came to. */
export type Attempted<T> = { value: T } | { error: LoopsmithError; retry: boolean; retryAfterMs?: number };

export interface RetriedCall<T> {
  /** Whom the errors name, for example `judge gpt-5`. */
  who: string;
  signal: AbortSignal;
  /** What it throws ends the call. */
  attempt: () => Promise<Attempted<T>>;
}

/**
 * Tries until it succeeds, with exponential backoff, no sooner than `retryAfterMs`.
 *
 * @throws LoopsmithError the last try's error; `timeout`, or the signal's reason where that is a LoopsmithError, when the signal
 * aborts before a try or a wait is over
 */
export async function withRetries<T>(
  { who, signal, attempt }: RetriedCall<T>,
  options: RetryOptions,
): Promise<{ value: T; attempts: number }> {
  const { attempts = 3, backoffMs = 500, maxDelayMs = 20_000, random = Math.random, sleep = sleepFor } = options;
  for (let tried = 1; ; tried++) {
    if (signal.aborted) throw cancelled(who, signal);
    const outcome = await attempt().catch((error: unknown) => {
      throw signal.aborted ? cancelled(who, signal) : error;
    });
    if ("value" in outcome) return { value: outcome.value, attempts: tried };
    if (signal.aborted) throw cancelled(who, signal);
    const backoff = backoffMs * 2 ** (tried - 1) * (0.5 + random() / 2);
    const wait = Math.max(backoff, outcome.retryAfterMs ?? 0);
    if (!outcome.retry || tried >= attempts || wait > maxDelayMs) throw outcome.error;
    await sleep(wait, signal).catch(() => {
      throw cancelled(who, signal);
    });
  }
}

function cancelled(who: string, { reason }: AbortSignal): LoopsmithError {
  if (LoopsmithError.isInstance(reason)) return reason;
  return new LoopsmithError("timeout", `The call to ${who} was cancelled.`, { hint: "Raise the timeout." });
}
