import { LoopsmithError, type ErrorCode } from "../model/errors.ts";

/** Every error code's HTTP status; a code missing here does not compile. */
export const HTTP_STATUS = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  budget_exhausted: 429,
  evaluator_failed: 502,
  timeout: 504,
  unavailable: 503,
  // Clients retry 503 and give up on 507.
  storage_full: 503,
  not_implemented: 501,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** How long a client should wait before it tries again, in seconds. */
const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  rate_limited: 1,
  budget_exhausted: 60,
  unavailable: 5,
  storage_full: 30,
};

/**
 * The answer to a failed request, in the style LangSmith's clients know: `detail` says what happened, `hint` what to do.
 * Anything that is not a LoopsmithError is a bug and says no more than that.
 */
export function errorResponse(error: unknown): Response {
  const known = LoopsmithError.isInstance(error)
    ? error
    : new LoopsmithError("internal", "the server failed on this request", {
        hint: "This is a bug in Loopsmith; its log has the details. Please report it.",
        cause: error,
      });
  const headers = new Headers({ "content-type": "application/json; charset=utf-8" });
  const retryAfter = RETRY_AFTER_SECONDS[known.code];
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  const { field, errors, status } = known.details;
  const body = {
    detail: known.message,
    code: known.code,
    hint: known.hint,
    ...(field === undefined ? {} : { field }),
    ...(errors === undefined ? {} : { errors }),
  };
  // Clients tell "well-formed, but not what the dataset's schema asks for" by its own status.
  const statusCode = status === 422 ? status : HTTP_STATUS[known.code];
  return new Response(JSON.stringify(body), { status: statusCode, headers });
}
