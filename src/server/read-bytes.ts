import type { Context } from "hono";
import { freeBuffer } from "../internal/free-buffer.ts";
import { LoopsmithError } from "../model/errors.ts";
import { decodeBody } from "../wire/read-body.ts";
import { chunksOf } from "./body-chunks.ts";
import type { ServerContext } from "./server-context.ts";

/** Compressed bodies that do not wait for the garbage collector. */
const LARGE_BYTES = 1024 * 1024;

/**
 * The request's body, decompressed. Its bytes count as in flight until the request is answered.
 * @param mostBytes what this route takes where that is less than the server's limits
 * @throws LoopsmithError `too_large`, `rate_limited`, or `invalid` for a broken encoding or a client that hung up
 */
export async function readBody(
  c: Context,
  { limits, inFlight }: ServerContext,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const hold = (bytes: number): void => inFlight.grow(c.req.raw, bytes);
  const raw = await rawBody(c.req.raw, Math.min(limits.bodyBytes, mostBytes), hold);
  const body = await decodeBody(raw, c.req.header("content-encoding"), {
    maxBytes: Math.min(limits.inflatedBytes, mostBytes),
    onOutput: hold,
  });
  // What it was compressed to is of no more use.
  if (body.buffer !== raw.buffer && raw.byteLength > LARGE_BYTES) freeBuffer(raw.buffer);
  return body;
}

/** In a buffer of its own where it is large. */
async function rawBody(
  request: Request,
  maxBytes: number,
  hold: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = request.headers.get("content-length");
  const declared = header === null ? null : Number(header);
  if (declared !== null) {
    if (!(declared <= maxBytes)) throw tooLarge(maxBytes);
    hold(declared);
  }
  // Where the length is known the chunks go straight to their place; otherwise the limits are watched while they arrive.
  const whole = declared === null ? null : Buffer.allocUnsafeSlow(declared);
  const pieces: Uint8Array[] = [];
  let total = 0;
  await chunksOf(request, (chunk) => {
    if (whole) {
      whole.set(chunk.subarray(0, whole.byteLength - total), total);
    } else {
      if (total + chunk.byteLength > maxBytes) throw tooLarge(maxBytes);
      hold(chunk.byteLength);
      pieces.push(chunk);
    }
    total += chunk.byteLength;
  });
  // Always a copy: without a socket a chunk may still belong to the caller, and ours may be handed on.
  if (!whole) return Buffer.concat(pieces, total);
  return total >= whole.byteLength ? whole : whole.subarray(0, total);
}

function tooLarge(maxBytes: number): LoopsmithError {
  return new LoopsmithError("too_large", `the body is over ${maxBytes} bytes`, {
    hint: "Send smaller batches; move large files into attachments or leave them out of inputs and outputs.",
    details: { maxBytes },
  });
}
