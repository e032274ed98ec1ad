import { withDeadline } from "../internal/deadline.ts";
import { unlessAborted } from "../internal/unless-aborted.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { RemedyBudget } from "./budget.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";

/** How calls came to their results. */
export interface CallCounts {
  /** Paid for now. */
  paid: number;
  /** Taken from the journal. */
  resumed: number;
  /** Paid for now although they had been set out for before: in flight when the process died. */
  repeated: number;
}

export interface PaidCallContext {
  journal: ExperimentJournal;
  budget: RemedyBudget;
  counts: CallCounts;
  /** Aborts when the experiment is stopped. */
  signal: AbortSignal;
  /** Calls the budget knows of. Given, what earlier processes paid is charged as it turns up; absent, it was charged before. */
  charged?: Set<string>;
  /** Waits before a retry. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface PaidCall<R> {
  /** Deterministic: the same work has the same key in every process. */
  key: string;
  maxUsd: number;
  timeoutMs: number;
  run(signal: AbortSignal): Promise<{ result: R; usd: number }>;
  /** What a failure that no retry cures comes to. */
  failed(message: string): R;
}

const RETRY_DELAYS_MS = [1_000, 5_000, 20_000];

/**
 * Makes a call once: what the journal has settled is not paid again, and what the budget refuses is not made. A provider
 * that is busy or away is tried again, then ends the experiment for now: an outage is no result.
 * @throws LoopsmithError `budget_exhausted`, `unavailable`, or the reason of `context.signal`
 */
export async function paidCall<R extends object>(call: PaidCall<R>, context: PaidCallContext): Promise<R> {
  const entry = await context.journal.get(call.key);
  if (entry?.state === "settled") {
    context.counts.resumed += 1;
    if (context.charged && !context.charged.has(call.key)) context.budget.charge(entry.usd);
    context.charged?.add(call.key);
    return entry.result as R;
  }
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt(call, context, tries > 0 ? null : entry ? "repeated" : "paid");
    } catch (error) {
      context.signal.throwIfAborted();
      if (!isOutage(error)) throw error;
      const delay = RETRY_DELAYS_MS[tries];
      if (delay === undefined) {
        throw new LoopsmithError("unavailable", `A provider is away: ${errorMessage(error)}`, {
          hint: "Run the experiment again later; nothing paid for is paid twice.",
          cause: error,
        });
      }
      await context.sleep(delay, context.signal);
    }
  }
}

async function attempt<R extends object>(
  call: PaidCall<R>,
  context: PaidCallContext,
  counted: keyof CallCounts | null,
): Promise<R> {
  context.signal.throwIfAborted();
  const reservation = context.budget.reserve(call.maxUsd);
  // A call that fails may still have been charged by its provider.
  let cost = call.maxUsd;
  try {
    // What is free leaves nothing on the bill when it is interrupted, so nothing has to be durable before it.
    if (call.maxUsd > 0) await context.journal.reserve(call.key, call.maxUsd);
    context.charged?.add(call.key);
    if (counted) context.counts[counted] += 1;
    const { result, usd } = await runInTime(call, context.signal).catch((error: unknown) => {
      // Stopping is no result either: the call stays open in the journal and is made again.
      context.signal.throwIfAborted();
      if (isOutage(error) || isBudget(error)) throw error;
      return { result: call.failed(errorMessage(error)), usd: call.maxUsd };
    });
    cost = usd;
    await context.journal.settle(call.key, result as JsonObject, usd);
    return result;
  } finally {
    reservation.settle(cost);
  }
}

const OUTAGE_CODES: ReadonlySet<unknown> = new Set<unknown>([
  ...(["rate_limited", "unavailable"] satisfies ErrorCode[]),
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);
const OUTAGE_STATUSES: ReadonlySet<unknown> = new Set<unknown>([429, 502, 503, 504, 529]);

/** Too many requests, or nobody there: by Loopsmith's code, an SDK's HTTP status, or Node's network code, down the causes. */
function isOutage(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, status, statusCode, cause } = error as Record<string, unknown>;
  return OUTAGE_CODES.has(code) || OUTAGE_STATUSES.has(status ?? statusCode) || (cause !== error && isOutage(cause));
}

function isBudget(error: unknown): boolean {
  return LoopsmithError.isInstance(error) && error.code === "budget_exhausted";
}

async function runInTime<R>({ timeoutMs, run }: PaidCall<R>, stop: AbortSignal): Promise<{ result: R; usd: number }> {
  const hint = "Raise timeoutMs, or make the call stop on its signal.";
  const late = (): LoopsmithError => new LoopsmithError("timeout", `No answer within ${timeoutMs} ms.`, { hint });
  return withDeadline({ stop, timeoutMs, late }, (signal) => unlessAborted(signal, () => run(signal)));
}
