import { errorMessage, LoopsmithError, type ErrorCode } from "../../model/errors.ts";
import type { Refusal } from "./budget.ts";

/** How one evaluator failed on one trace. */
export interface EvaluatorFailure {
  evaluator: string;
  message: string;
  /** What its provider said, where it is known. */
  code: ErrorCode | null;
}

export interface Pause {
  evaluator: string;
  /** What the provider said last, in one sentence. */
  reason: string;
  /** Epoch ms of the next try. */
  until: number;
}

export interface CircuitBreaker {
  /**
   * The evaluator that is paused and for how long, or `null`. When a pause is over one caller passes as the probe; the others
   * wait for what comes of it.
   */
  pauseOf(evaluators: readonly string[], now: number): Pause | null;
  /** Takes in how a trace went; returns the pauses that begin with it, or that it has run into. */
  note(evaluators: readonly string[], failures: readonly EvaluatorFailure[], now: number): Pause[];
  /** All evaluators that are paused, or being probed. */
  pauses(): Pause[];
}

interface Circuit {
  inARow: number;
  /** 0 while it is closed. */
  pauseMs: number;
  /** Epoch ms. */
  until: number;
  /** Whether one was let through to try. */
  isProbed: boolean;
  reason: string;
}

/** Nobody gets in with these until a person has done something: one is enough. */
const HOPELESS: ReadonlySet<ErrorCode | null> = new Set<ErrorCode>(["unauthorized", "forbidden"]);
/** The provider is away or busy; so many in a row mean all of them. */
const AWAY: ReadonlySet<ErrorCode | null> = new Set<ErrorCode>(["unavailable", "rate_limited", "timeout"]);
const IN_A_ROW = 5;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 60 * 60_000;
/** How long the others wait for a probe. */
const PROBE_MS = 60_000;

/**
 * Stops asking an evaluator whose provider is away or refuses: after five such failures in a row, or one
 * for a wrong key, a quota that is used up or a bill that is not paid.
 * It is tried again by one trace after half a minute, and after twice as long each time that fails too.
 */
export function circuitBreaker(): CircuitBreaker {
  const circuits = new Map<string, Circuit>();
  return {
    pauseOf(evaluators, now) {
      for (const evaluator of evaluators) {
        const circuit = circuits.get(evaluator);
        if (!circuit || circuit.pauseMs === 0) continue;
        if (now < circuit.until) return { evaluator, reason: circuit.reason, until: circuit.until };
        circuit.until = now + PROBE_MS;
        circuit.isProbed = true;
      }
      return null;
    },
    note(evaluators, failures, now) {
      const begun: Pause[] = [];
      for (const evaluator of evaluators) {
        const failure = failures.find((one) => one.evaluator === evaluator);
        if (!failure || !(HOPELESS.has(failure.code) || AWAY.has(failure.code))) {
          circuits.delete(evaluator);
          continue;
        }
        const circuit = circuits.get(evaluator) ?? { inARow: 0, pauseMs: 0, until: 0, isProbed: false, reason: "" };
        circuits.set(evaluator, circuit);
        circuit.inARow += 1;
        circuit.reason = failure.message;
        // What was under way when the pause began says nothing new.
        if (circuit.pauseMs > 0 && !circuit.isProbed) {
          begun.push({ evaluator, reason: circuit.reason, until: circuit.until });
          continue;
        }
        if (circuit.inARow < IN_A_ROW && !HOPELESS.has(failure.code)) continue;
        circuit.pauseMs = Math.min(circuit.pauseMs === 0 ? FIRST_PAUSE_MS : circuit.pauseMs * 2, LONGEST_PAUSE_MS);
        circuit.until = now + circuit.pauseMs;
        circuit.isProbed = false;
        begun.push({ evaluator, reason: failure.message, until: circuit.until });
      }
      return begun;
    },
    pauses: () =>
      [...circuits]
        .filter(([, { pauseMs }]) => pauseMs > 0)
        .map(([evaluator, { reason, until }]) => ({ evaluator, reason, until })),
  };
}

/** How the evaluator failed; its provider's code is what `runEvaluator` keeps beside its own. */
export function failureOf(evaluator: string, error: unknown): EvaluatorFailure {
  const isOwn = LoopsmithError.isInstance(error);
  const code = isOwn && error.code === "budget_exhausted" ? error.code : isOwn ? error.details["code"] : undefined;
  return { evaluator, message: errorMessage(error), code: typeof code === "string" ? (code as ErrorCode) : null };
}

/** What is to be judged waits with it and loses no attempt: the fault is not its own. */
export function pausedBy({ evaluator, reason, until }: Pause): Refusal {
  return { reason: `the evaluator "${evaluator}" is paused, because ${reason}`, resumeAt: until };
}
