import type { ErrorCode } from "../../model/errors.ts";
import type { Score } from "../../model/score.ts";
import type { Trace } from "../../model/trace.ts";
import type { LangSmithExample } from "../../wire/langsmith-run.ts";

/** Where the isolated process writes its answers, one JSON text a line; its stdout and stderr are the evaluator's. */
export const ANSWER_FD = 3;

/** The first line on the stdin of the isolated process. */
export interface IsolatedModule {
  /** File URL. */
  module: string;
  export: string;
  name: string;
  version: string;
}

/** Every further line on its stdin. */
export interface IsolatedCall {
  trace: Trace;
  spanId: string;
  example?: LangSmithExample;
  lineage?: string;
}

/** One line on {@link ANSWER_FD}: scores or an error. */
export interface IsolatedAnswer {
  scores?: Score[];
  error?: { message: string; code?: ErrorCode; hint?: string; details?: Record<string, unknown> };
}
