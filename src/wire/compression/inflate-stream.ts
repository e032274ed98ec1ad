import type { Transform } from "node:stream";
import { runPaused, type Pause } from "../steps.ts";
import { concatSteps } from "./concat-steps.ts";
import { allowedOutput, inflatedTooLarge, notInflatable, type InflateLimits } from "./inflate-limits.ts";

/** Input handed over at a time: small enough that a bomb is noticed before its output fills memory. */
const SLICE_BYTES = 16 * 1024;

export interface InflateOptions {
  /** What the body says it will be, in bytes. @default not known */
  expectedBytes?: number;
  pause?: Pause | undefined;
}

/**
 * Runs a body through one of zlib's decompressors, off the event loop, and stops it as soon as a limit is met.
 * @throws LoopsmithError `too_large`, `invalid`
 */
export function inflateStream(
  stream: Transform,
  encoding: string,
  bytes: Uint8Array,
  limits: InflateLimits,
  { expectedBytes = 0, pause }: InflateOptions = {},
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    // A place of the size the body announces spares a second copy of all of it; it may announce what it likes.
    const isPlausible = expectedBytes > 0 && expectedBytes <= allowedOutput(bytes.byteLength, limits);
    const whole = isPlausible ? Buffer.allocUnsafeSlow(expectedBytes) : null;
    let placed = 0;
    let total = 0;
    let fed = 0;
    const feed = (): void => {
      if (stream.destroyed || stream.readableEnded) return;
      if (fed === bytes.byteLength) {
        stream.end();
        return;
      }
      // A copy, since zlib's threads may look at it longer than the caller keeps the body.
      const slice = Buffer.copyBytesFrom(bytes, fed, SLICE_BYTES);
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
      try {
        limits.onOutput?.(chunk.byteLength);
      } catch (error) {
        stream.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (whole && chunks.length === 0 && placed + chunk.byteLength <= whole.byteLength) {
        whole.set(chunk, placed);
        placed += chunk.byteLength;
      } else {
        chunks.push(chunk);
      }
    });
    stream.on("error", (error) => reject(notInflatable(encoding, error)));
    stream.on("end", () => {
      const start = whole && placed > 0 ? [whole.subarray(0, placed)] : [];
      resolve(runPaused(concatSteps([...start, ...chunks], total), pause));
    });
    feed();
  });
}
