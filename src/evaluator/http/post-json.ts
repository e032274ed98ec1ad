import { setTimeout as delay } from "node:timers/promises";
import { readAtMost } from "../../internal/read-at-most.ts";
import { retryAfterMs } from "../../internal/retry-after.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { statusError } from "./status-error.ts";

export interface HttpOptions {
  /** @default globalThis.fetch */
  fetch?: typeof fetch;
  /** Tries in all, the first included. @default 3 */
  attempts?: number;
  /** Wait before the second try; doubles with every further one, with jitter. @default 500 */
  backoffMs?: number;
  /** The longest wait for one retry; a server that asks for more ends the call, to be tried again later. @default 20_000 */
  maxDelayMs?: number;
  /** The answer is read up to here. @default 1_000_000 */
  maxResponseBytes?: number;
  /** Epoch ms. @default Date.now */
  now?: () => number;
  /** Uniform in [0, 1), for jitter. @default Math.random */
  random?: () => number;
  /** @default setTimeout */
  sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

export interface PostRequest {
  url: string;
  body: string;
  /** Built anew for each attempt, because signatures carry the time of the attempt. */
  headers: (attemptAt: number) => Record<string, string>;
  signal: AbortSignal;
  /** Whom the errors name, for example `judge gpt-5`. */
  who: string;
}

export interface PostAnswer {
  text: string;
  attempts: number;
}

/**
 * POSTs JSON until it succeeds: network failures, 408, 409, 425, 429 and 5xx are tried again with exponential backoff,
 * no sooner than `Retry-After` asks. Redirects are not followed.
 *
 * @throws LoopsmithError with the code of the last failure (`rate_limited`, `unavailable`, `unauthorized`, `forbidden`,
 * `not_found`, `invalid`, `too_large`, `timeout`)
 */
export async function postJson(request: PostRequest, options: HttpOptions = {}): Promise<PostAnswer> {
  const { attempts = 3, backoffMs = 500, maxDelayMs = 20_000, random = Math.random, sleep = sleepFor } = options;
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(request, options);
    if (outcome.text !== undefined) return { text: outcome.text, attempts: attempt };
    const backoff = backoffMs * 2 ** (attempt - 1) * (0.5 + random() / 2);
    const wait = Math.max(backoff, outcome.retryAfterMs ?? 0);
    if (!outcome.retry || attempt >= attempts || wait > maxDelayMs) throw outcome.error;
    await sleep(wait, request.signal).catch(() => {
      throw cancelled(request);
    });
  }
}

interface Outcome {
  text?: string;
  error?: LoopsmithError;
  retry?: boolean;
  retryAfterMs?: number;
}

async function tryOnce(request: PostRequest, options: HttpOptions): Promise<Outcome> {
  const { fetch = globalThis.fetch, now = Date.now, maxResponseBytes = 1_000_000 } = options;
  if (request.signal.aborted) throw cancelled(request);
  try {
    const response = await fetch(request.url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "Loopsmith", ...request.headers(now()) },
      body: request.body,
      redirect: "manual",
      signal: request.signal,
    });
    const body = await readAtMost(response, maxResponseBytes);
    if (!body) {
      throw new LoopsmithError("too_large", `The answer is over ${maxResponseBytes} bytes.`, {
        hint: "Raise maxResponseBytes if such an answer is expected.",
      });
    }
    const text = body.toString("utf8");
    if (response.ok) return { text };
    const wait = retryAfterMs(response.headers, now());
    return {
      ...statusError(request.who, response.status, text, wait),
      ...(wait !== null && { retryAfterMs: wait }),
    };
  } catch (error) {
    if (request.signal.aborted) throw cancelled(request);
    if (LoopsmithError.isInstance(error)) throw error;
    return {
      retry: true,
      error: new LoopsmithError("unavailable", `${request.who} cannot be reached: ${networkReason(error)}`, {
        hint: "Check the URL and that the server is up.",
        cause: error,
      }),
    };
  }
}

/** fetch wraps the error it met, and Node wraps one error for each address it tried. */
function networkReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(networkReason).join("; ");
  if (error instanceof Error && error.cause instanceof Error) return networkReason(error.cause);
  return errorMessage(error);
}

function cancelled(request: PostRequest): LoopsmithError {
  const reason: unknown = request.signal.reason;
  if (LoopsmithError.isInstance(reason)) return reason;
  return new LoopsmithError("timeout", `The call to ${request.who} was cancelled.`, { hint: "Raise the timeout." });
}

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal });
}
