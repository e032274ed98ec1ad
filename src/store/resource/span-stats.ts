import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { SpanSelection } from "./span.ts";

/** Middle and upper end of a number over the spans that have one; `null` when none has. */
export interface Percentiles {
  p50: number | null;
  p99: number | null;
}

/** What a set of spans comes to. */
export interface SpanStats {
  count: number;
  errors: number;
  /** Spans that told when their first token came. */
  streamed: number;
  totalTokens: number;
  promptTokens: number;
  completionTokens: number;
  /** US dollars; `null` when no span carries a cost. */
  cost: number | null;
  lastStartAt: number | null;
  latencyMs: Percentiles;
  firstTokenMs: Percentiles;
  tokens: Percentiles;
}

/** A conversation: the traces of one project that carry one thread id. */
export interface ThreadRow {
  threadId: string;
  traces: number;
  errors: number;
  firstStartAt: number;
  lastStartAt: number;
  lastEndAt: number | null;
  firstTraceId: string;
  lastTraceId: string;
  latencyMs: Percentiles;
  totalTokens: number;
  promptTokens: number;
  completionTokens: number;
  cost: number | null;
}

export interface SpanStatsStore {
  spanStats(params: SpanSelection): Promise<SpanStats>;
  /** Feedback on the selected spans, by key. */
  spanFeedbackStats(params: SpanSelection): Promise<FeedbackStats>;
  /** Feedback on the project itself (summary evaluators), by key. */
  projectFeedbackStats(params: { projectId: string }): Promise<FeedbackStats>;
  /** Threads among the selected roots, the one that was active last first. */
  threadList(params: SpanSelection & { projectId: string; limit: number; offset: number }): Promise<{
    rows: ThreadRow[];
    total: number;
  }>;
}
