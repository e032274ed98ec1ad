import { stableId } from "../../model/id.ts";
import type { Trace } from "../../model/trace.ts";

/** Which traces a loop judges. */
export interface SampleOptions {
  /** Share of the traces, and for conversation evaluators of the threads, 0 to 1. @default 1 */
  rate: number;
  /**
   * Judged whatever the rate: traces with a failed span, traces somebody gave a thumbs-down (a score of 0 under
   * `user_score`, `thumbs` or `feedback`), or what a function says.
   */
  always?: readonly ("errors" | "thumbs_down")[] | ((trace: Trace) => boolean);
  /**
   * Feedback keys the function under `always` looks at: a trace is looked at again when people say something under one of
   * them later. @default none; those of `thumbs_down` are known
   */
  feedbackKeys?: readonly string[];
}

const THUMBS_KEYS = new Set(["user_score", "user-score", "thumbs", "thumb", "feedback", "user_feedback"]);

/** Feedback keys the strata look at: a thumbs-down mostly comes when the trace was judged, or left out, long ago. */
export function sampledBy({ always, feedbackKeys = [] }: SampleOptions): readonly string[] {
  return Array.isArray(always) && always.includes("thumbs_down") ? [...THUMBS_KEYS, ...feedbackKeys] : feedbackKeys;
}

/**
 * Whether the hash of a trace's or thread's id falls into the rate. The same for every loop and evaluator, so that all of them see
 * the same traces, and a lower rate sees a subset of a higher one.
 */
export function isSampled(id: string, rate: number): boolean {
  if (rate >= 1) return true;
  return Number.parseInt(stableId("sample", id).replaceAll("-", "").slice(0, 12), 16) / 2 ** 48 < rate;
}

/** Whether the trace is judged although the rate leaves it out. */
export function isAlwaysJudged(trace: Trace, always: SampleOptions["always"]): boolean {
  if (!always) return false;
  if (typeof always === "function") return always(trace);
  return always.some((stratum) =>
    stratum === "errors"
      ? trace.spans.some((span) => span.status === "error")
      : trace.spans.some((span) => span.scores.some((score) => THUMBS_KEYS.has(score.key) && score.score === 0)),
  );
}
