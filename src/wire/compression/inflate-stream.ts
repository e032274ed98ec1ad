import type { Transform } from "node:stream";
import { runPaused, type Pause } from "../steps.ts";
import { concatSteps } from "./concat-steps.ts";
import { allowedOutput, inflatedTooLarge, notInflatable, type InflateLimits } from "./inflate-limits.ts";

/** Input handed over at a time: small enough that a bomb is noticed before its output fills memory. */
const SLICE_BYTES = 16 * 1024;

/**
 * Runs a body through one of zlib's decompressors, off the event loop, and stops it as soon as a limit is met.
 * @throws LoopsmithError `too_large`, `invalid`
 */
export function inflateStream(
  stream: Transform,
  encoding: string,
  bytes: Uint8Array,
  limits: InflateLimits,
  pause?: Pause,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let total = 0;
    let fed = 0;
    const feed = (): void => {
      if (stream.destroyed) return;
      if (fed === bytes.byteLength) {
        stream.end();
        return;
      }
      const slice = bytes.subarray(fed, fed + SLICE_BYTES);
      fed += slice.byteLength;
      stream.write(slice, (error) => {
        if (!error) feed();
      });
    };
    stream.on("data", (chunk: Uint8Array) => {
      total += chunk.byteLength;
      if (total > allowedOutput(fed, limits)) {
        stream.destroy();
        reject(inflatedTooLarge(fed, limits));
        return;
      }
      chunks.push(chunk);
    });
    stream.on("error", (error) => reject(notInflatable(encoding, error)));
    stream.on("end", () => resolve(runPaused(concatSteps(chunks, total), pause)));
    feed();
  });
}
