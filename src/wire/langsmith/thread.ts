import { toIsoTime } from "../../internal/iso-time.ts";
import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { StoredSpan } from "../../model/stored-span.ts";
import type { Thread } from "../../model/thread.ts";
import { feedbackStatsJson, previewOf } from "./run-extras.ts";
import { seconds } from "./run-stats.ts";

/** What a thread's JSON needs beside its totals. */
export interface ThreadSource {
  thread: Thread;
  first: StoredSpan | undefined;
  last: StoredSpan | undefined;
  feedback: FeedbackStats;
}

/** A thread as `threads.query` writes it (v2). */
export function threadJson({ thread, first, last, feedback }: ThreadSource): Record<string, unknown> {
  return {
    thread_id: thread.threadId,
    count: thread.traces,
    num_errored_turns: thread.errors,
    start_time: toIsoTime(thread.lastStartAt),
    min_start_time: toIsoTime(thread.firstStartAt),
    max_start_time: toIsoTime(thread.lastStartAt),
    trace_id: thread.lastTraceId,
    first_trace_id: thread.firstTraceId,
    last_trace_id: thread.lastTraceId,
    first_inputs: previewOf(first?.inputs ?? null) ?? "",
    last_outputs: previewOf(last?.outputs ?? null) ?? "",
    ...(last?.error ? { last_error: last.error } : {}),
    latency_p50: seconds(thread.latencyMs.p50),
    latency_p99: seconds(thread.latencyMs.p99),
    total_tokens: thread.totalTokens,
    ...(thread.cost === null ? {} : { total_cost: thread.cost }),
    feedback_stats: feedbackStatsJson(feedback),
  };
}

/** A thread as `/runs/group` writes it (v1). */
export function groupJson(source: ThreadSource): Record<string, unknown> {
  const { thread } = source;
  return {
    ...threadJson(source),
    group_key: thread.threadId,
    filter: `eq(thread_id, ${JSON.stringify(thread.threadId)})`,
    prompt_tokens: thread.promptTokens,
    completion_tokens: thread.completionTokens,
    total_cost: thread.cost,
    prompt_cost: null,
    completion_cost: null,
    last_error: source.last?.error ?? null,
  };
}

/** `threads.stats` (v2). */
export function threadStatsJson({
  thread,
  feedback,
}: Pick<ThreadSource, "thread" | "feedback">): Record<string, unknown> {
  return {
    turns: thread.traces,
    first_start_time: toIsoTime(thread.firstStartAt),
    last_start_time: toIsoTime(thread.lastStartAt),
    ...(thread.lastEndAt === null ? {} : { last_end_time: toIsoTime(thread.lastEndAt) }),
    latency_p50_seconds: seconds(thread.latencyMs.p50),
    latency_p99_seconds: seconds(thread.latencyMs.p99),
    prompt_tokens: thread.promptTokens,
    completion_tokens: thread.completionTokens,
    total_tokens: thread.totalTokens,
    ...(thread.cost === null ? {} : { total_cost: thread.cost }),
    feedback_stats: feedbackStatsJson(feedback),
  };
}

/** One turn of a thread (v2): the root of a trace. */
export function threadTraceJson(root: StoredSpan, turn: number): Record<string, unknown> {
  return {
    thread_id: root.threadId,
    trace_id: root.traceId,
    turn_number: turn,
    name: root.name,
    start_time: toIsoTime(root.startAt),
    end_time: root.endAt === null ? null : toIsoTime(root.endAt),
    latency: root.endAt === null ? null : (root.endAt - root.startAt) / 1000,
    ...(root.firstTokenAt === null ? {} : { first_token_time: toIsoTime(root.firstTokenAt) }),
    ...(root.error === null ? {} : { error: root.error, error_preview: root.error.slice(0, 300) }),
    inputs_preview: previewOf(root.inputs) ?? "",
    outputs_preview: previewOf(root.outputs) ?? "",
    total_tokens: root.usage.totalTokens ?? 0,
    prompt_tokens: root.usage.promptTokens ?? 0,
    completion_tokens: root.usage.completionTokens ?? 0,
    ...(root.usage.cost === undefined ? {} : { total_cost: root.usage.cost }),
  };
}
