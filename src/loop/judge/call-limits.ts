import type { CallLimits, Evaluator } from "../../evaluator/evaluator.ts";
import { createSlots, type Slots } from "../../internal/slots.ts";
import { LoopsmithError } from "../../model/errors.ts";
import {
  rateLimiter,
  refusalOf,
  type RateLimiter,
  type RateLimiterOptions,
  type Refusal,
} from "../../platform/rate-limiter.ts";
import { storePace } from "../../platform/store-pace.ts";
import type { Store } from "../../store/store.ts";

export interface CallLimit {
  /** Calls under way at the same time, in each worker. @default the loop's own `concurrency` */
  concurrency?: number;
  /** Calls begun in a minute, evenly spread, by all workers on the database together. @default no limit */
  perMinute?: number;
}

/** How fast evaluators may be called. What is over a limit waits; nothing fails because of one. */
export interface CallLimitOptions {
  /** By name of the evaluator. */
  evaluators?: Readonly<Record<string, CallLimit>>;
  /** By the `provider` that evaluators name: one limit for all of them, and for all loops on the database. */
  providers?: Readonly<Record<string, CallLimit>>;
}

/** Replaced in tests; see {@link RateLimiterOptions}. */
export type CallClock = Pick<RateLimiterOptions, "now" | "sleep">;

type Called = Pick<Evaluator, "name" | "provider" | "parts">;

/** An answer raises a rate that was lowered by about a twentieth of the limit. */
const STEPS_TO_FULL = 40;
const MINUTE_S = 60;

/**
 * The limits of one loop in one process; the pace of each evaluator and provider is kept in the store. A 429 from any
 * evaluator of a provider halves the pace of all of them, and nobody calls it before `Retry-After` is over.
 */
export function createCallLimits(
  store: Store,
  loopId: string,
  limits: CallLimitOptions,
  clock: CallClock = {},
): CallLimits {
  const gates = new Map<string, Gate>();
  const gateOf = (key: string, limit: CallLimit): Gate => {
    let gate = gates.get(key);
    if (!gate) gates.set(key, (gate = createGate(store, key, limit, clock)));
    return gate;
  };
  return (evaluator, call, signal) => {
    const { name, provider } = evaluator;
    const own = limitOf(limits.evaluators, name);
    // The evaluator's own line comes first, so that those who wait in it take no place at the provider.
    const atProvider =
      provider === undefined
        ? call
        : () => gateOf(`provider/${provider}`, limitOf(limits.providers, provider) ?? {})(call, signal);
    return own ? gateOf(`evaluator/${loopId}/${name}`, own)(atProvider, signal) : atProvider();
  };
}

/**
 * Refuses limits that nothing could come of.
 * @throws LoopsmithError `invalid`
 */
export function assertCallLimits(
  { evaluators = {}, providers = {} }: CallLimitOptions,
  evaluatorsOfLoop: readonly Called[],
): void {
  const called = evaluatorsOfLoop.flatMap(withParts);
  const names = new Set(called.map(({ name }) => name));
  const offered = new Set(called.flatMap(({ provider }) => provider ?? []));
  for (const [kind, limits, known] of [
    ["evaluators", evaluators, names],
    ["providers", providers, offered],
  ] as const) {
    for (const [name, limit] of Object.entries(limits)) {
      const option = `limits.${kind}.${name}`;
      if (!known.has(name)) {
        throw invalid(option, `there is no "${name}"`, `One of: ${[...known].join(", ") || "none"}.`);
      }
      const { concurrency = 1, perMinute = 1 } = limit;
      if (!Number.isInteger(concurrency) || concurrency < 1 || !Number.isFinite(perMinute) || perMinute <= 0) {
        throw invalid(
          option,
          `it is ${JSON.stringify(limit)}`,
          "Give `concurrency` a whole number from 1, and `perMinute` a number over 0.",
        );
      }
    }
  }
}

function withParts(called: Called): Called[] {
  return [called, ...(called.parts ?? []).flatMap(withParts)];
}

type Gate = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>;

function createGate(store: Store, key: string, { concurrency, perMinute }: CallLimit, clock: CallClock): Gate {
  const slots: Slots = concurrency === undefined ? (work) => work() : createSlots(concurrency);
  const pace = createPace(store, key, perMinute, clock);
  return (call, signal) => slots(() => pace.run(call, signal));
}

function createPace(store: Store, key: string, perMinute: number | undefined, clock: CallClock): RateLimiter {
  const shared = {
    updatePace: storePace(store, key),
    now: () => store.now(),
    ...clock,
    refusalOf: refusalOfEvaluator,
    // The ledger tries again, under the budget of another call.
    maxTries: 1,
  };
  if (perMinute === undefined) return rateLimiter(shared);
  const maxPerSecond = perMinute / MINUTE_S;
  return rateLimiter({
    ...shared,
    maxPerSecond,
    minPerSecond: Math.min(0.2, maxPerSecond / STEPS_TO_FULL),
    stepPerSecond: Math.min(0.5, maxPerSecond ** 2 / STEPS_TO_FULL),
  });
}

function limitOf(limits: Readonly<Record<string, CallLimit>> = {}, name: string): CallLimit | undefined {
  return Object.hasOwn(limits, name) ? limits[name] : undefined;
}

/** `runEvaluator` keeps what the provider's client threw as the cause. */
function refusalOfEvaluator(error: unknown, now: number): Refusal {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!LoopsmithError.isInstance(cause)) return refusalOf(cause, now);
  const { retryAfterMs } = cause.details;
  return {
    status: cause.code === "rate_limited" ? 429 : 0,
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : null,
  };
}

function invalid(option: string, problem: string, hint: string): LoopsmithError {
  return new LoopsmithError("invalid", `${option}: ${problem}`, { hint, details: { option } });
}
