import type { Example, KVMap, Run } from "langsmith/schemas";

/** LangSmith's `Example`: the reference an evaluator may compare with. Present in experiments, absent in production. */
export type LangSmithExample = Example;

/**
 * What user code sees of a span: LangSmith's own `Run`, with the fields Loopsmith always fills made certain and every
 * level of `child_runs` loaded. Times are ISO 8601 in UTC with microseconds.
 */
export interface LangSmithRun extends Run {
  trace_id: string;
  dotted_order: string;
  /** The project's id. */
  session_id: string;
  start_time: string;
  /** Absent while the run is going. */
  end_time?: string;
  /** `success`, `error` or `pending`. */
  status: string;
  inputs: KVMap;
  extra: KVMap & { metadata: KVMap };
  tags: string[];
  /** Direct children in start order; spans whose parent never arrived hang under the root. */
  child_runs: LangSmithRun[];
  child_run_ids: string[];
  /** Feedback on this run by key: `{ n, avg, values }`. */
  feedback_stats: Record<string, FeedbackStats>;
  /** US dollars, when the trace carries it. */
  total_cost?: number;
}

export interface FeedbackStats {
  /** How many feedbacks carry the key. */
  n: number;
  /** Mean of the numeric scores; `null` when there are none. */
  avg: number | null;
  /** Count by categorical value. */
  values: Record<string, number>;
}
