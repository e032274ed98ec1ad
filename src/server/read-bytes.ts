import type { Context } from "hono";
import { collectGarbageSoon } from "../internal/collect-garbage.ts";
import { LoopsmithError } from "../model/errors.ts";
import { decodeBody } from "../wire/read-body.ts";
import { chunksOf } from "./body-chunks.ts";
import type { ByteLease } from "./in-flight-bytes.ts";
import type { ServerContext } from "./server-context.ts";

/** Bodies whose remains do not wait until the heap is full; what clients usually send is far smaller. */
const LARGE_BYTES = 4 * 1024 * 1024;

/**
 * A body in memory. `take` hands it over once and keeps nothing of it, so that it can go as soon as it is understood;
 * `release` says that what was made of it is dealt with.
 */
export interface HeldBody {
  take(): Uint8Array;
  release(): void;
}

/**
 * Reads the request's body, decompressed. Its bytes count as in flight until it is released.
 * @throws LoopsmithError `too_large`, `rate_limited`, or `invalid` for a broken encoding or a client that hung up
 */
export async function readBody(c: Context, { limits, inFlight }: ServerContext): Promise<HeldBody> {
  const lease = inFlight.lease();
  try {
    const encoding = c.req.header("content-encoding");
    let body: Uint8Array | null = await rawBody(c.req.raw, limits.bodyBytes, lease);
    body = await decodeBody(body, encoding, {
      maxBytes: limits.inflatedBytes,
      onOutput: (bytes) => lease.grow(bytes),
    });
    const size = body.byteLength;
    return {
      take() {
        const taken = body ?? new Uint8Array(0);
        body = null;
        return taken;
      },
      release() {
        lease.release();
        if (size > LARGE_BYTES) collectGarbageSoon();
      },
    };
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** {@link readBody} for work that needs the body until its end. */
export async function withBody<T>(
  c: Context,
  context: ServerContext,
  work: (body: Uint8Array) => Promise<T>,
): Promise<T> {
  const held = await readBody(c, context);
  try {
    return await work(held.take());
  } finally {
    held.release();
  }
}

async function rawBody(request: Request, maxBytes: number, lease: ByteLease): Promise<Uint8Array> {
  const header = request.headers.get("content-length");
  const declared = header === null ? null : Number(header);
  if (declared !== null) {
    if (!(declared <= maxBytes)) throw tooLarge(maxBytes);
    lease.grow(declared);
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
      lease.grow(chunk.byteLength);
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
