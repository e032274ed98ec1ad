import { createGunzip, gunzipSync } from "node:zlib";
import { LoopsmithError } from "../model/errors.ts";
import {
  allowedOutput,
  DEFAULT_MAX_BYTES,
  inflatedTooLarge,
  notInflatable,
  type InflateLimits,
} from "./compression/inflate-limits.ts";
import { inflateStream } from "./compression/inflate-stream.ts";
import { checkedZstdFrames, inflateZstdSteps } from "./compression/inflate-zstd.ts";
import { nativeZstd, ZSTD_PARAMS } from "./compression/native-zstd.ts";
import { runPaused, type Pause } from "./steps.ts";

export type { InflateLimits } from "./compression/inflate-limits.ts";

/** Compressed bodies up to this size are inflated in place: handing them to a thread costs more than it saves. */
const INLINE_BYTES = 16 * 1024;

/** Output of zlib's streams at a time. */
const CHUNK_BYTES = 256 * 1024;

/**
 * A request's body without its Content-Encoding: identity, gzip or zstd. Large bodies are inflated in zlib's threads, or
 * piece by piece with pauses where Node has no zstd of its own, so that the event loop goes on; a bomb is refused after
 * its first kilobytes.
 * @throws LoopsmithError `too_large` over a limit, `invalid` for a broken body or an unknown encoding
 */
export async function decodeBody(
  bytes: Uint8Array,
  contentEncoding: string | null | undefined,
  limits: InflateLimits = {},
  pause?: Pause,
): Promise<Uint8Array> {
  const encoding = encodingOf(contentEncoding);
  const inline = bytes.byteLength <= INLINE_BYTES;
  if (encoding === "identity") return withinSize(bytes, limits);
  if (encoding === "gzip") {
    if (!inline) {
      const options = { expectedBytes: gzipSize(bytes), pause };
      return inflateStream(createGunzip({ chunkSize: CHUNK_BYTES }), "gzip", bytes, limits, options);
    }
    return inflateInline("gzip", bytes, limits, (maxOutputLength) => gunzipSync(bytes, { maxOutputLength }));
  }
  const native = nativeZstd;
  const frames = checkedZstdFrames(bytes);
  const [frame] = frames;
  // Node's own decoder stops silently behind the first frame, be it one to skip.
  if (!native || !frame || frames.length > 1) return runPaused(inflateZstdSteps(bytes, limits, frames), pause);
  const params = ZSTD_PARAMS;
  const only = bytes.subarray(frame.start, frame.end);
  if (!inline) {
    const stream = native.createZstdDecompress({ chunkSize: CHUNK_BYTES, params });
    return inflateStream(stream, "zstd", only, limits, { pause });
  }
  return inflateInline("zstd", bytes, limits, (maxOutputLength) =>
    native.zstdDecompressSync(only, { maxOutputLength, params }),
  );
}

/** A gzip body ends with its size before compression (RFC 1952, section 2.3.1). */
function gzipSize(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.byteLength - 4, true);
}

function encodingOf(contentEncoding: string | null | undefined): "identity" | "gzip" | "zstd" {
  const name = contentEncoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return "identity";
  if (name === "gzip" || name === "x-gzip") return "gzip";
  if (name === "zstd") return "zstd";
  throw new LoopsmithError("invalid", `Content-Encoding ${JSON.stringify(name.slice(0, 80))} is not understood`, {
    hint: "Send the body as it is, or compressed once with gzip or zstd.",
    details: { field: "Content-Encoding", supported: ["identity", "gzip", "zstd"] },
  });
}

function withinSize(bytes: Uint8Array, limits: InflateLimits): Uint8Array {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  if (bytes.byteLength <= maxBytes) return bytes;
  throw new LoopsmithError("too_large", `the body is over ${maxBytes} bytes`, {
    hint: "Send smaller batches; move large files into attachments or leave them out of inputs and outputs.",
    details: { maxBytes },
  });
}

function inflateInline(
  encoding: string,
  bytes: Uint8Array,
  limits: InflateLimits,
  inflate: (maxOutputLength: number) => Uint8Array,
): Uint8Array {
  try {
    const inflated = inflate(allowedOutput(bytes.byteLength, limits));
    limits.onOutput?.(inflated.byteLength);
    return inflated;
  } catch (error) {
    if (LoopsmithError.isInstance(error)) throw error;
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw inflatedTooLarge(bytes.byteLength, limits);
    throw notInflatable(encoding, error);
  }
}
