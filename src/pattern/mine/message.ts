import { deserialize, serialize } from "node:v8";
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Counts and requests as bytes, for another process of the same program. Most of them are small numbers, which pack well. */
export function encodeMessage(message: unknown): Uint8Array {
  return deflateRawSync(serialize(message), { level: 1 });
}

export function decodeMessage(bytes: Uint8Array): unknown {
  return deserialize(inflateRawSync(bytes));
}
