import { withDeadline } from "../../internal/deadline.ts";
import { readAtMost } from "../../internal/read-at-most.ts";
import { retryAfterMs } from "../../internal/retry-after.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { ErrorCode } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import { networkReason } from "../../model/network-reason.ts";
import type { PromoteContext } from "./promoter.ts";

export interface JsonRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  /** Already serialised, since what is signed must be what is sent. */
  body?: string;
}

export interface JsonAnswer {
  status: number;
  json: Json;
}

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 5_000_000;
const RETRY_DELAYS_MS = [1_000, 4_000];
const LONGEST_WAIT_MS = 60_000;

/**
 * One exchange with a JSON API, tried three times while the other side is busy or away. Redirects are not followed, since
 * they could carry a token elsewhere. Statuses up to 499 are handed back, except 429.
 * @throws LoopsmithError `rate_limited`, `unavailable`, `timeout`
 */
export async function exchangeJson(
  request: JsonRequest,
  transport: typeof fetch,
  context: PromoteContext,
): Promise<JsonAnswer> {
  for (let tries = 0; ; tries += 1) {
    const attempt = await tryOnce(request, transport, context);
    if ("status" in attempt) return attempt;
    const delay = RETRY_DELAYS_MS[tries];
    if (delay === undefined || attempt.waitMs > LONGEST_WAIT_MS) throw attempt.error;
    await context.sleep(Math.max(delay, attempt.waitMs), context.signal);
  }
}

async function tryOnce(
  { method, url, headers, body }: JsonRequest,
  transport: typeof fetch,
  { signal: stop, now }: PromoteContext,
): Promise<JsonAnswer | { error: LoopsmithError; waitMs: number }> {
  const host = new URL(url).host;
  const late = failure("timeout", `${host} did not answer within ${TIMEOUT_MS} ms.`);
  try {
    const deadline = { stop, timeoutMs: TIMEOUT_MS, late: () => late };
    const { response, bytes } = await withDeadline(deadline, async (signal) => {
      const response = await transport(url, {
        method,
        headers: { "user-agent": "Loopsmith", accept: "application/json", ...headers },
        body: body ?? null,
        redirect: "manual",
        signal,
      });
      return { response, bytes: await readAtMost(response, MAX_ANSWER_BYTES) };
    });
    if (!bytes) {
      throw new LoopsmithError("too_large", `The answer is over ${MAX_ANSWER_BYTES} bytes.`, {
        hint: "Check that the URL points to the API.",
      });
    }
    // GitHub limits with 403 as well, and then names the time to wait.
    const limited = response.status === 429 || (response.status === 403 && response.headers.has("retry-after"));
    if (!limited && response.status < 500) return { status: response.status, json: parse(bytes.toString("utf8")) };
    const waitMs = retryAfterMs(response.headers, now()) ?? 0;
    return { error: failure(limited ? "rate_limited" : "unavailable", `${host} answered ${response.status}.`), waitMs };
  } catch (error) {
    stop.throwIfAborted();
    if (error === late) return { error: late, waitMs: 0 };
    if (LoopsmithError.isInstance(error)) throw error;
    return { error: failure("unavailable", `${host} cannot be reached: ${networkReason(error)}`, error), waitMs: 0 };
  }
}

function failure(code: ErrorCode, message: string, cause?: unknown): LoopsmithError {
  return new LoopsmithError(code, message, { hint: "Promote again later; it is safe to repeat.", cause });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
