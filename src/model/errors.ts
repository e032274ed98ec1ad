/**
 * Every error Loopsmith raises on purpose carries one of these codes. The list is closed: `server/http-status.ts` maps
 * each to an HTTP status and `cli/exit-codes.ts` to an exit code, and a missing entry is a compile error.
 */
export const ERROR_CODES = [
  /** The caller sent something malformed or out of range. Not worth retrying unchanged. */
  "invalid",
  /** No credentials, or wrong ones. */
  "unauthorized",
  /** Credentials are fine, the act is not allowed (for example a webhook into a private network). */
  "forbidden",
  /** The named thing does not exist. */
  "not_found",
  /** The thing exists already, or changed under the caller. */
  "conflict",
  /** A body, trace or field is over a documented limit. */
  "too_large",
  /** Too many requests; retry later. */
  "rate_limited",
  /** A budget is used up; the work is deferred, not dropped. */
  "budget_exhausted",
  /** An evaluator threw, hung past its timeout, or returned something that is not a score. */
  "evaluator_failed",
  /** A remote did not answer in time. */
  "timeout",
  /** A remote (LangSmith, a webhook, a database) cannot be reached or answers with an error. */
  "unavailable",
  /** The disk that holds the data is full or read-only. Nothing acknowledged is lost. */
  "storage_full",
  /** Known, and deliberately out of scope. */
  "not_implemented",
  /** A bug in Loopsmith. */
  "internal",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

const BRAND = Symbol.for("loopsmith.error");

export interface LoopsmithErrorOptions {
  /** What the reader can do about it, as one imperative sentence. */
  hint: string;
  cause?: unknown;
  /** Machine-readable context; never contains secrets. */
  details?: Record<string, unknown>;
}

/** The one error class. `message` says what happened, `hint` says what to do. */
export class LoopsmithError extends Error {
  override readonly name = "LoopsmithError";
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: LoopsmithErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Works across duplicated copies of the package, unlike `instanceof`. */
  static isInstance(value: unknown): value is LoopsmithError {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** The message of anything thrown, without the `[object Object]` surprise. */
export function errorMessage(value: unknown): string {
  if (value instanceof Error) return value.message || value.name;
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
