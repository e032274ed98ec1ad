import type { Json, JsonObject } from "../model/json.ts";
import type { Threshold } from "../model/score.ts";
import type { Span } from "../model/trace.ts";
import type { RemedyExample } from "./remedy-example.ts";

/** A configuration under a name that is unique within an experiment. */
export interface Arm<C> {
  name: string;
  config: C;
}

export interface TargetCall<C> {
  config: C;
  inputs: JsonObject;
  exampleId: string;
  /** From 0. */
  repetition: number;
  /** The id of the run the result will be written as; use it as the root's id when tracing. */
  runId: string;
  /** Aborts at the timeout and when the experiment is stopped. */
  signal: AbortSignal;
}

export interface TargetResult {
  outputs: JsonObject;
  /** US dollars; absent, the call counts as `maxCostUsd`. */
  costUsd?: number;
  tokens?: number;
  /** The trace, root first, for evaluators that judge spans. Absent: a root alone. */
  spans?: readonly Span[];
}

/** The user's application under one configuration. Throwing is a failing run, unless a retry may cure it. */
export type Target<C> = (call: TargetCall<C>) => Promise<TargetResult>;

/** One run as an evaluator sees it. */
export interface EvaluatedRun {
  runId: string;
  inputs: JsonObject;
  outputs: JsonObject | null;
  error: string | null;
  spans: readonly Span[];
  startAt: number;
  endAt: number;
}

export interface EvaluatorScore {
  key: string;
  /** `null`: not applicable. */
  score: number | null;
  value?: Json;
  comment?: string;
}

/** What judges a run of an experiment; the loop wires its own evaluators to this. */
export interface ExperimentEvaluator {
  name: string;
  version: string;
  /** The greatest cost of one call in US dollars. @default 0 */
  maxCostUsd?: number;
  evaluate(input: {
    example: RemedyExample;
    run: EvaluatedRun;
    signal: AbortSignal;
  }): Promise<{ scores: readonly EvaluatorScore[]; costUsd?: number }>;
}

/** How an application is run and judged. */
export interface Trial<C> {
  target: Target<C>;
  /** Starts results anew when it changes: the version of the code around the configuration. @default "1" */
  targetVersion?: string;
  /** The greatest cost of one call of the target in US dollars. @default 0 */
  maxCostUsd?: number;
  /** Of one call of the target. @default 120_000 */
  timeoutMs?: number;
  evaluators: readonly ExperimentEvaluator[];
  /** Pass marks; a run passes when no score is strictly below its mark and at least one has a mark. */
  threshold: Threshold;
}
