import type { EvaluationCache } from "./evaluation-cache.ts";
import type { Score } from "../model/score.ts";
import type { Span, Trace } from "../model/trace.ts";
import type { LangSmithExample, LangSmithRun } from "../wire/langsmith-run.ts";

/** Which spans of a trace an evaluator judges. Every condition given must hold; a list means "any of". */
export interface SpanSelector {
  /** LangSmith's run type: `retriever`, `llm`, `tool`, ... */
  runType?: string | readonly string[];
  /** The exact span name. */
  name?: string | readonly string[];
  /** A tag the span carries. */
  tag?: string | readonly string[];
  /** Any further condition. Throwing fails the evaluation of that trace, visibly. */
  where?: (run: LangSmithRun, root: LangSmithRun) => boolean;
}

/** Makes a call of an evaluator once its limits and those of its provider allow. */
export type CallLimits = <T>(
  evaluator: Pick<Evaluator, "name" | "provider">,
  call: () => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/** What is judged: a span with its subtree, inside its trace. */
export interface EvaluatorTarget {
  trace: Trace;
  /** The span judged; the root for `on: "trace"`. */
  span: Span;
  /** The same span as LangSmith's `Run`, `child_runs` loaded. */
  run: LangSmithRun;
  /** The trace's root as LangSmith's `Run`; the same object as `run` for `on: "trace"`. */
  root: LangSmithRun;
  /** The reference, when the trace comes from an experiment. */
  example?: LangSmithExample;
  /**
   * A signed mark. Put it as `loopsmith_lineage` into the metadata of what you trace yourself while judging, so that no loop
   * judges that; LangSmith's `traceable` does it by itself where LANGSMITH_TRACING is on.
   */
  lineage?: string;
  /** What an evaluator that calls others calls them through. @default at once */
  callLimits?: CallLimits;
  /** Where answers are remembered for all workers of a loop. @default nowhere */
  sharedCache?: EvaluationCache;
}

export interface EvaluatorInput extends EvaluatorTarget {
  /** Aborts at the timeout and at shutdown; pass it to `fetch`. */
  signal: AbortSignal;
}

/** What one call costs at most; reserved from the budget before the call. */
export interface EvaluatorCost {
  usd?: number;
  tokens?: number;
}

/** What judges. Build one with `defineEvaluator`, or hand any LangSmith evaluator to `toEvaluator`. */
export interface Evaluator {
  /** Unique within a loop; the feedback key of results that name none. */
  name: string;
  /** Starts a new series of scores when it changes. */
  version: string;
  /** The whole trace, or one call for each span that matches. */
  on: "trace" | SpanSelector;
  /** @default 60_000 */
  timeoutMs?: number;
  /** Absent means unknown: nothing is reserved, and a loop with a budget in that unit refuses the evaluator. `{ usd: 0 }` is free. */
  cost?: EvaluatorCost;
  /** Inclusive bounds of its scores. @default any finite number */
  range?: readonly [number, number];
  /**
   * Feedback keys it reads: what people say under one of them after the trace was judged makes a new revision, which is
   * judged again with it. @default none
   */
  feedbackKeys?: readonly string[];
  /** Who is asked, such as "openai": evaluators that name the same one share the loop's `limits` for it. @default none */
  provider?: string;
  /** The evaluators it calls, which have limits of their own. @default none */
  parts?: readonly Pick<Evaluator, "name" | "provider" | "parts">[];
  /** Whether it runs in a process of its own, which is killed when it does not answer in time. */
  isolated?: true;
  evaluate(input: EvaluatorInput): Promise<Score[]>;
}
