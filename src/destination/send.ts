import { withDeadline } from "../internal/deadline.ts";
import type { DeliveryContext } from "./destination.ts";
import { readUpTo } from "./read-up-to.ts";
import { createSafeFetch, type SafeFetchOptions } from "./safe-fetch.ts";

/** Options that every destination reached by HTTP takes. */
export interface HttpOptions extends SafeFetchOptions {
  /** For one attempt, from the first byte sent to the last byte read. Default 15 s. */
  timeoutMs?: number;
}

export interface Outgoing {
  url: string;
  /** Default `POST`. */
  method?: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** The answer is read up to here and not beyond. Default 1 MB. */
  maxAnswerBytes?: number;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** False when the body was cut by size, time or a lost connection. */
  complete: boolean;
}

export type Send = (outgoing: Outgoing, context: DeliveryContext) => Promise<Answer>;

export const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 1_000_000;

/**
 * Gives the function that makes one HTTP exchange behind the fence, with a deadline and a bounded answer.
 * Redirects are not followed. It rejects when no status arrived in time, or with the reason of `context.signal`.
 *
 * @param bodyTimeoutMs how long to wait for the body once the status is known; default: what is left of `timeoutMs`
 */
export function createSend(options: HttpOptions = {}, bodyTimeoutMs?: number): Send {
  const transport = createSafeFetch(options);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return (outgoing, context) =>
    withDeadline({ stop: context.signal, timeoutMs }, async (signal) => {
      const response = await (context.fetch ?? transport)(outgoing.url, {
        method: outgoing.method ?? "POST",
        headers: { "user-agent": "Loopsmith", ...outgoing.headers },
        body: outgoing.body ?? null,
        redirect: "manual",
        signal,
      });
      const body = await readUpTo(
        response,
        outgoing.maxAnswerBytes ?? MAX_ANSWER_BYTES,
        signal,
        bodyTimeoutMs ?? timeoutMs,
      );
      return { status: response.status, headers: response.headers, ...body };
    });
}
