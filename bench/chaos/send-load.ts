import { askBatch } from "../loop/ask-batch.ts";
import { PROJECT } from "./chaos-loop.ts";

export interface Load {
  /** Ends the load; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Sends batches of traces, one after the other in each of `senders` lanes; what is answered with 2xx is acknowledged. */
export function sendLoad(
  url: string,
  acknowledged: Set<string>,
  options: { senders?: number; batch?: number; pauseMs?: number; total?: number; send?: typeof fetch } = {},
): Load & { done: Promise<void> } {
  const { senders = 2, batch = 5, pauseMs = 5, total = Infinity, send = fetch } = options;
  let stopped = false;
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (!stopped && sent < total) {
      const size = Math.min(batch, total - sent);
      sent += size;
      const { body, traceIds } = askBatch(PROJECT, size);
      const headers = { "content-type": "application/json" };
      try {
        const response = await send(`${url}/runs/batch`, { method: "POST", body, headers });
        if (response.ok) for (const id of traceIds) acknowledged.add(id);
        await response.arrayBuffer();
      } catch {
        // Not acknowledged: whoever sent it would send it again.
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
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
