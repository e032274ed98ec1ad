import { askBatch } from "../loop/ask-batch.ts";
import { PROJECT } from "./chaos-loop.ts";

export interface Load {
  /** Ends the load; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** Requests under way at the same time. @default 2 */
  senders?: number;
  /** Traces a request. @default 5 */
  batch?: number;
  /** After each answer. @default 5 */
  pauseMs?: number;
  /** A fixed beat instead of a pause: what falls behind by less than a second is made up for. */
  everyMs?: number;
  /** Traces in all. @default no end */
  total?: number;
  /** @default fetch */
  send?: typeof fetch;
}

/** A client that hears nothing for so long gives up. */
const TIMEOUT_MS = 30_000;

/** Sends batches of traces, one after the other in each of `senders` lanes; what is answered with 2xx is acknowledged. */
export function sendLoad(
  url: string,
  acknowledged: Set<string>,
  options: LoadOptions = {},
): Load & { done: Promise<void> } {
  const { senders = 2, batch = 5, pauseMs = 5, everyMs, total = Infinity, send = fetch } = options;
  let stopped = false;
  let sent = 0;
  const lane = async (): Promise<void> => {
    let nextAt = performance.now();
    while (!stopped && sent < total) {
      const size = Math.min(batch, total - sent);
      sent += size;
      const { body, traceIds } = askBatch(PROJECT, size);
      const headers = { "content-type": "application/json" };
      try {
        const response = await send(`${url}/runs/batch`, {
          method: "POST",
          body,
          headers,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        if (response.ok) for (const id of traceIds) acknowledged.add(id);
        await response.arrayBuffer();
      } catch {
        // Not acknowledged: whoever sent it would send it again.
      }
      const at = performance.now();
      if (everyMs !== undefined) nextAt = Math.max(nextAt + everyMs, at - 1_000);
      const waitMs = everyMs === undefined ? pauseMs : nextAt - at;
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  };
  const done = Promise.all(Array.from({ length: senders }, lane)).then(() => undefined);
  return {
    done,
    stop() {
      stopped = true;
      return done;
    },
  };
}
