import { readAtMost } from "../../internal/read-at-most.ts";
import { retryAfterMs } from "../../internal/retry-after.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { networkReason } from "../../model/network-reason.ts";
import { statusError } from "./status-error.ts";
import { withRetries } from "./with-retries.ts";
import type { Attempted, RetryOptions } from "./with-retries.ts";

export interface HttpOptions extends RetryOptions {
  /** @default globalThis.fetch */
  fetch?: typeof fetch;
  /** The answer is read up to here. @default 1_000_000 */
  maxResponseBytes?: number;
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
  const call = { who: request.who, signal: request.signal, attempt: () => tryOnce(request, options) };
  const { value, attempts } = await withRetries(call, options);
  return { text: value, attempts };
}

async function tryOnce(request: PostRequest, options: HttpOptions): Promise<Attempted<string>> {
  const { fetch = globalThis.fetch, now = Date.now, maxResponseBytes = 1_000_000 } = options;
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
    if (response.ok) return { value: text };
    const wait = retryAfterMs(response.headers, now());
    return {
      ...statusError(request.who, response.status, text, wait),
      ...(wait !== null && { retryAfterMs: wait }),
    };
  } catch (error) {
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
