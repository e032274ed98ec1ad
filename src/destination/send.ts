import type { DeliveryContext } from "./destination.ts";

export interface Outgoing {
  url: string;
  method?: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
}

export interface SendLimits {
  /** From the first byte sent to the last byte read. Default 15 s. */
  timeoutMs?: number;
  /** The answer is read up to here and not beyond. Default 1 MB. */
  maxAnswerBytes?: number;
  /** How long to wait for the answer's body once its status is known. Default: what is left of `timeoutMs`. */
  bodyTimeoutMs?: number;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** False when the body was cut by size, time or a lost connection. */
  complete: boolean;
}

export const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 1_000_000;

/**
 * One HTTP exchange with a deadline and a bounded answer; redirects are not followed. Rejects when no status arrived
 * in time, with an error named `TimeoutError`, or with the reason of `context.signal`.
 */
export async function send(
  outgoing: Outgoing,
  transport: typeof fetch,
  context: DeliveryContext,
  limits: SendLimits = {},
): Promise<Answer> {
  context.signal.throwIfAborted();
  const deadline = new AbortController();
  const timeoutMs = limits.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const expire = (): void => deadline.abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
  const stop = (): void => deadline.abort(context.signal.reason);
  const timer = setTimeout(expire, timeoutMs);
  let bodyTimer: NodeJS.Timeout | undefined;
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    const response = await (context.fetch ?? transport)(outgoing.url, {
      method: outgoing.method ?? "POST",
      headers: { "user-agent": "Loopsmith", ...outgoing.headers },
      body: outgoing.body ?? null,
      redirect: "manual",
      signal: deadline.signal,
    });
    if (limits.bodyTimeoutMs !== undefined) bodyTimer = setTimeout(expire, limits.bodyTimeoutMs);
    const body = await readUpTo(response, limits.maxAnswerBytes ?? MAX_ANSWER_BYTES, deadline.signal);
    return { status: response.status, headers: response.headers, ...body };
  } catch (error) {
    // Aborted requests reject with an AbortError of the transport's own making; the reason says more.
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    clearTimeout(timer);
    clearTimeout(bodyTimer);
    context.signal.removeEventListener("abort", stop);
  }
}

/** The body as text, cut at `limit` bytes; a body that breaks off counts as cut, since the status is already known. */
async function readUpTo(
  response: Response,
  limit: number,
  signal: AbortSignal,
): Promise<{ text: string; complete: boolean }> {
  const reader = response.body?.getReader();
  if (!reader) return { text: "", complete: true };
  const chunks: Uint8Array[] = [];
  let size = 0;
  let complete = false;
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    while (size < limit) {
      const { done, value } = await reader.read();
      if (done) {
        complete = !signal.aborted;
        break;
      }
      chunks.push(value.subarray(0, limit - size));
      size += value.byteLength;
    }
  } catch {
    complete = false;
  }
  signal.removeEventListener("abort", cancel);
  if (!complete) cancel();
  return { text: new TextDecoder().decode(Buffer.concat(chunks)), complete };
}
