import { LoopsmithError, type ErrorCode } from "../model/errors.ts";

/** What a script can tell from the exit code alone. A verdict of `loopsmith gate` is `gateExitCode` instead. */
const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  invalid: 2,
  too_large: 2,
  not_implemented: 2,
  not_found: 3,
  conflict: 3,
  unauthorized: 4,
  forbidden: 4,
  unavailable: 5,
  timeout: 5,
  rate_limited: 5,
  storage_full: 6,
  evaluator_failed: 7,
  budget_exhausted: 8,
};

export function exitCodeOf(error: unknown): number {
  return LoopsmithError.isInstance(error) ? EXIT_CODES[error.code] : EXIT_CODES.internal;
}
