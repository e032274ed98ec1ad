import type { IncomingMessage } from "node:http";
import { LoopsmithError } from "../model/errors.ts";
import { incomingOf } from "./incoming.ts";

/** Hands every chunk of a request's body to `take`; what `take` throws ends the reading and is thrown. */
export async function chunksOf(request: Request, take: (chunk: Uint8Array) => void): Promise<void> {
  const incoming = incomingOf(request);
  if (incoming && !incoming.readableDidRead) return chunksOfMessage(incoming, take);
  const reader = request.body?.getReader();
  if (!reader) return;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    try {
      take(value);
    } catch (error) {
      reader.cancel().catch(() => {});
      throw error;
    }
  }
}

function chunksOfMessage(incoming: IncomingMessage, take: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      incoming.off("data", onData).off("end", onEnd).off("error", onClose).off("close", onClose);
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error("The request body could not be read.", { cause: error }));
    };
    const onData = (chunk: Uint8Array): void => {
      try {
        take(chunk);
      } catch (error) {
        // The rest is not wanted; the answer goes out and the connection is cleaned up behind it.
        incoming.pause();
        settle(error);
      }
    };
    const onEnd = (): void => settle();
    const onClose = (): void =>
      settle(
        new LoopsmithError("invalid", "the client hung up before the body was complete", {
          hint: "Send the request again.",
        }),
      );
    incoming.on("data", onData).on("end", onEnd).on("error", onClose).on("close", onClose);
    if (incoming.readableEnded) onEnd();
    else if (incoming.destroyed) onClose();
  });
}
