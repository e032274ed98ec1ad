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
