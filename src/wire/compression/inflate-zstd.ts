import { Decompress } from "fzstd";
import { LoopsmithError } from "../../model/errors.ts";
import { concatSteps } from "./concat-steps.ts";
import { allowedOutput, inflatedTooLarge, notInflatable, type InflateLimits } from "./inflate-limits.ts";
import type { Steps } from "../steps.ts";
import { zstdFrames, type ZstdFrame } from "./zstd-frames.ts";

/** Largest window a zstd content encoding may ask for (RFC 9659). */
export const MAX_WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * fzstd moves its whole window once a block, so many tiny blocks over a large window cost far more than their output.
 * An honest stream stays below 256 bytes moved a byte of output (2 KB flushed over a 512 KB window).
 */
const FREE_MOVED_BYTES = 512 * 1024 * 1024;
const MOVED_PER_OUTPUT_BYTE = 256;

/** Output after which the caller may do something else. */
const PAUSE_EVERY_BYTES = 1024 * 1024;

/**
 * Inflates zstd without native code (Node below 22.15), block by block, so that no limit is overrun by more than a
 * block. Yields where a caller may pause; returns the whole output.
 * @throws LoopsmithError `too_large`, `invalid`
 */
export function* inflateZstdSteps(
  bytes: Uint8Array,
  limits: InflateLimits,
  frames: readonly ZstdFrame[] = checkedZstdFrames(bytes),
): Steps<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let moved = 0;
  let pauseAt = PAUSE_EVERY_BYTES;
  for (const frame of frames) {
    const decoder = new Decompress((chunk) => {
      chunks.push(chunk);
      total += chunk.byteLength;
      limits.onOutput?.(chunk.byteLength);
    });
    moved += frame.windowBytes;
    let at = frame.start;
    for (const [index, blockEnd] of frame.blockEnds.entries()) {
      const last = index === frame.blockEnds.length - 1;
      const end = last ? frame.end : blockEnd;
      try {
        decoder.push(bytes.subarray(at, end), last);
      } catch (error) {
        if (LoopsmithError.isInstance(error)) throw error;
        throw notInflatable("zstd", error);
      }
      at = end;
      moved += frame.windowBytes;
      if (total > allowedOutput(at, limits)) throw inflatedTooLarge(at, limits);
      if (moved > FREE_MOVED_BYTES + MOVED_PER_OUTPUT_BYTE * total) throw tooManyBlocks();
      if (total + moved / MOVED_PER_OUTPUT_BYTE > pauseAt) {
        pauseAt += PAUSE_EVERY_BYTES;
        yield;
      }
    }
  }
  return yield* concatSteps(chunks, total);
}

/**
 * The frames of a zstd body.
 * @throws LoopsmithError `invalid` when they do not add up, `too_large` when one asks for too large a window
 */
export function checkedZstdFrames(bytes: Uint8Array): ZstdFrame[] {
  let frames: ZstdFrame[];
  try {
    frames = zstdFrames(bytes);
  } catch (error) {
    throw notInflatable("zstd", error);
  }
  const largest = frames.reduce((most, frame) => Math.max(most, frame.windowBytes), 0);
  if (largest > MAX_WINDOW_BYTES) throw windowTooLarge(largest);
  return frames;
}

function windowTooLarge(windowBytes: number): LoopsmithError {
  return new LoopsmithError("too_large", `the zstd body asks for a window of ${windowBytes} bytes`, {
    hint: `Compress with a window of at most ${MAX_WINDOW_BYTES} bytes (a lower level), or send the body uncompressed.`,
    details: { windowBytes, maxWindowBytes: MAX_WINDOW_BYTES },
  });
}

function tooManyBlocks(): LoopsmithError {
  return new LoopsmithError("too_large", "the zstd body is cut into too many small blocks over a large window", {
    hint: "Flush the compressor less often, or compress with a smaller window.",
  });
}
