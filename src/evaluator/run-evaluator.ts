import { describeValue } from "../internal/describe-value.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { Score } from "../model/score.ts";
import { statusError } from "./http/status-error.ts";
import { toScores } from "../wire/evaluator-result.ts";
import type { Evaluator, EvaluatorTarget } from "./evaluator.ts";

export const DEFAULT_EVALUATOR_TIMEOUT_MS = 60_000;

export interface RunEvaluatorOptions {
  /** @default the evaluator's own `timeoutMs`, else 60_000 */
  timeoutMs?: number;
  /** Ends the call early, for example at shutdown. */
  signal?: AbortSignal;
}

/** In `details.reason` of `evaluator_failed`. Only `aborted` says nothing about the evaluator. */
export type EvaluatorFailureReason = "threw" | "timeout" | "rubbish" | "aborted" | "killed";

/** What a retry may cure: the remote was busy, slow or away. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(["rate_limited", "unavailable", "timeout"]);

/**
 * Calls an evaluator so that nothing it does reaches the caller raw: throwing, hanging and returning rubbish all reject
 * with one `LoopsmithError`. A synchronous endless loop cannot be interrupted from inside the same thread; `fromModule` with
 * `isolate` runs an evaluator where it can.
 *
 * @throws LoopsmithError `evaluator_failed` with `details: { evaluator, reason, retryable }`; `budget_exhausted` passes
 * through, because that work is deferred rather than failed.
 */
export async function runEvaluator(
  evaluator: Evaluator,
  target: EvaluatorTarget,
  options: RunEvaluatorOptions = {},
): Promise<Score[]> {
  const timeoutMs = options.timeoutMs ?? evaluator.timeoutMs ?? DEFAULT_EVALUATOR_TIMEOUT_MS;
  // Not `withDeadline` and `unlessAborted`: this runs for every score, and together they take more promises for the same.
  const controller = new AbortController();
  const { promise: interrupted, reject: interrupt } = deferred<never>();
  const stop = (reason: "timeout" | "aborted", message: string): void => {
    const error = failure(evaluator, reason, message);
    interrupt(error);
    controller.abort(error);
  };
  const onAbort = (): void => stop("aborted", "was aborted before it finished");
  const end = evaluator.isolated ? " and its process was killed" : "";
  const timer = setTimeout(() => stop("timeout", `did not finish within ${timeoutMs} ms${end}`), timeoutMs);
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const call = options.signal?.aborted ? interrupted : start(evaluator, { ...target, signal: controller.signal });
    const result: unknown = await Promise.race([call, interrupted]);
    return toScores(result, {
      evaluator: evaluator.name,
      version: evaluator.version,
      spanId: target.span.id,
      spanIds: new Set(target.trace.spans.map((span) => span.id)),
      ...(evaluator.range && { range: evaluator.range }),
    });
  } catch (error) {
    throw normalise(evaluator, error);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** Async, so that a synchronous throw becomes a rejection like any other. */
async function start(evaluator: Evaluator, input: Parameters<Evaluator["evaluate"]>[0]): Promise<unknown> {
  return evaluator.evaluate(input);
}

function normalise(evaluator: Evaluator, error: unknown): LoopsmithError {
  if (!LoopsmithError.isInstance(error)) {
    const said = error instanceof Error ? errorMessage(error) : describeValue(error);
    return failure(evaluator, "threw", `threw: ${said}`, error);
  }
  if (error.code === "evaluator_failed" || error.code === "budget_exhausted") return error;
  return failure(evaluator, "threw", `failed: ${error.message}`, error);
}

function failure(evaluator: Evaluator, reason: keyof typeof HINTS, message: string, cause?: unknown): LoopsmithError {
  const known = LoopsmithError.isInstance(cause) ? cause : undefined;
  const code = known?.code ?? codeOfStatus(cause);
  return new LoopsmithError("evaluator_failed", `Evaluator "${evaluator.name}" ${message}`, {
    hint: known?.hint ?? HINTS[reason],
    ...(cause !== undefined && { cause }),
    details: {
      evaluator: evaluator.name,
      reason,
      retryable: reason === "timeout" || reason === "aborted" || (code !== undefined && RETRYABLE.has(code)),
      ...(code !== undefined && { code }),
    },
  });
}

/** Clients of providers throw errors that carry the HTTP status; the text tells a quota that is used up from a busy server. */
function codeOfStatus(cause: unknown): ErrorCode | undefined {
  const status = cause instanceof Error && "status" in cause ? cause.status : undefined;
  return typeof status === "number" && status >= 400
    ? statusError("", status, errorMessage(cause), null).error.code
    : undefined;
}

/** `killed` is said where it happens, in `isolation/isolated-process.ts`. */
const HINTS: Readonly<Record<Exclude<EvaluatorFailureReason, "killed">, string>> = {
  threw: "Fix the evaluator, or return { score: null } for traces it does not apply to.",
  timeout: "Raise the evaluator's timeoutMs, or make it stop on the signal it is given.",
  rubbish: "Return a number, a boolean or { key, score }.",
  aborted: "Nothing to do: the trace is evaluated again after the restart.",
};

function deferred<T>(): { promise: Promise<T>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  // The race may be over when this rejects; a late rejection is not an unhandled one.
  promise.catch(() => {});
  return { promise, reject };
}
