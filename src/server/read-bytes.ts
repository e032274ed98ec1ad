import type { Context } from "hono";
import { LoopsmithError } from "../model/errors.ts";
import { decodeBody } from "../wire/read-body.ts";
import type { ByteLease } from "./in-flight-bytes.ts";
import type { ServerContext } from "./server-context.ts";

/**
 * Reads the request's body, decompressed, and hands it to `work`; its bytes count as in flight until `work` is done.
 * @throws LoopsmithError `too_large`, `rate_limited`, or `invalid` for a broken encoding
 */
export async function withBody<T>(
  c: Context,
  { limits, inFlight }: ServerContext,
  work: (body: Uint8Array) => Promise<T>,
): Promise<T> {
  const lease = inFlight.lease();
  try {
    const raw = await rawBody(c.req.raw, limits.bodyBytes, lease);
    const encoding = c.req.header("content-encoding");
    const body = await decodeBody(raw, encoding, { maxBytes: limits.inflatedBytes });
    if (body !== raw) lease.grow(body.byteLength);
    return await work(body);
  } finally {
    lease.release();
  }
}

async function rawBody(request: Request, maxBytes: number, lease: ByteLease): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    const bytes = Number(declared);
    if (!(bytes <= maxBytes)) throw tooLarge(maxBytes);
    lease.grow(bytes);
    return new Uint8Array(await request.arrayBuffer());
  }
  if (request.body === null) return new Uint8Array(0);
  // Without a declared length the limits are watched while it arrives.
  const chunks: Uint8Array[] = [];
  let total = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    total += value.byteLength;
    try {
      if (total > maxBytes) throw tooLarge(maxBytes);
      lease.grow(value.byteLength);
    } catch (error) {
      reader.cancel().catch(() => {});
      throw error;
    }
    chunks.push(value);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, total);
}

function tooLarge(maxBytes: number): LoopsmithError {
  return new LoopsmithError("too_large", `the body is over ${maxBytes} bytes`, {
    hint: "Send smaller batches; move large files into attachments or leave them out of inputs and outputs.",
    details: { maxBytes },
  });
}
