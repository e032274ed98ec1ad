import { LoopsmithError } from "../../model/errors.ts";

/** How far a compressed body may grow. */
export interface InflateLimits {
  /** Most bytes a body may have once inflated. @default 104_857_600 (100 MiB) */
  maxBytes?: number;
  /**
   * Most bytes out for one byte in. Counted only past `FREE_BYTES`, so that a short body of repeated text is never
   * mistaken for a bomb. @default 200
   */
  maxRatio?: number;
  /** Hears of output as it grows, in bytes; what it throws ends the work and is thrown. */
  onOutput?: (bytes: number) => void;
}

export const DEFAULT_MAX_BYTES = 100 * 1024 * 1024;
const DEFAULT_MAX_RATIO = 200;

/** Output that is never judged by its ratio. */
const FREE_BYTES = 1024 * 1024;

/** The bytes that may have come out once `consumed` bytes went in. */
export function allowedOutput(consumed: number, limits: InflateLimits): number {
  const byRatio = Math.max(FREE_BYTES, consumed * (limits.maxRatio ?? DEFAULT_MAX_RATIO));
  return Math.min(limits.maxBytes ?? DEFAULT_MAX_BYTES, byRatio);
}

/** `too_large`, saying which of the two limits was met. */
export function inflatedTooLarge(consumed: number, limits: InflateLimits): LoopsmithError {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  const maxRatio = limits.maxRatio ?? DEFAULT_MAX_RATIO;
  const bySize = allowedOutput(consumed, limits) >= maxBytes;
  return new LoopsmithError(
    "too_large",
    bySize
      ? `the body is over ${maxBytes} bytes once decompressed`
      : `the body decompresses to more than ${maxRatio} times its size`,
    {
      hint: bySize
        ? "Send smaller batches; move large files into attachments or leave them out of inputs and outputs."
        : "Send the body uncompressed if it really is that repetitive.",
      details: { maxBytes, maxRatio },
    },
  );
}

/** `invalid`, for bytes that are not what Content-Encoding says. */
export function notInflatable(encoding: string, cause: unknown): LoopsmithError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LoopsmithError("invalid", `the body is not valid ${encoding}: ${reason}`, {
    hint: "Send the body as Content-Encoding says, complete, or without compression.",
    cause,
    details: { encoding },
  });
}
