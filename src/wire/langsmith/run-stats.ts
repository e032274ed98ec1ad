import { toIsoTime } from "../../internal/iso-time.ts";
import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { SpanStats } from "../../model/span-stats.ts";
import { feedbackStatsJson } from "./run-extras.ts";

/** Statistics of runs as LangSmith's v1 API writes them: latencies in seconds, rates from 0 to 1. */
export function runStatsJson(totals: SpanStats, feedback: FeedbackStats): Record<string, unknown> {
  const { count } = totals;
  return {
    run_count: count,
    latency_p50: seconds(totals.latencyMs.p50),
    latency_p99: seconds(totals.latencyMs.p99),
    first_token_p50: seconds(totals.firstTokenMs.p50),
    first_token_p99: seconds(totals.firstTokenMs.p99),
    total_tokens: totals.totalTokens,
    prompt_tokens: totals.promptTokens,
    completion_tokens: totals.completionTokens,
    median_tokens: totals.tokens.p50,
    tokens_p99: totals.tokens.p99,
    total_cost: totals.cost,
    prompt_cost: null,
    completion_cost: null,
    last_run_start_time: totals.lastStartAt === null ? null : toIsoTime(totals.lastStartAt),
    error_rate: count === 0 ? null : totals.errors / count,
    streaming_rate: count === 0 ? null : totals.streamed / count,
    feedback_stats: feedbackStatsJson(feedback),
    run_facets: [],
  };
}

export function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
