import { isJsonObject, payloadObject } from "../model/json.ts";
import { createTrace, findRoot, threadIdOf } from "../model/trace.ts";
import type { Span, SpanScore, SpanStatus, Trace, TraceHead } from "../model/trace.ts";
import { parseTime } from "./parse-time.ts";

/**
 * A run as LangSmith's read APIs send it. v1 and v2 differ in spelling (`session_id` / `project_id`, `parent_run_id` /
 * `parent_run_ids`, lower / upper case run types), so everything is optional here.
 */
export interface ReadRun {
  id?: string;
  trace_id?: string;
  project_id?: string;
  session_id?: string;
  parent_run_id?: string | null;
  /** Root first. */
  parent_run_ids?: string[] | null;
  name?: string;
  run_type?: string;
  status?: string;
  start_time?: string | number;
  end_time?: string | number | null;
  dotted_order?: string;
  error?: string | null;
  inputs?: unknown;
  outputs?: unknown;
  events?: unknown;
  extra?: unknown;
  metadata?: unknown;
  tags?: string[] | null;
  thread_id?: string | null;
  prompt_tokens?: number | null;
  completion_tokens?: number | null;
  total_tokens?: number | null;
  total_cost?: number | string | null;
  feedback_stats?: unknown;
}

/** A head from a root run. LangSmith reports no change time; the end (or start) is the last thing known to have happened. */
export function headOfRun(run: ReadRun): TraceHead {
  const startAt = parseTime(run.start_time) ?? 0;
  const rootEndAt = parseTime(run.end_time);
  return {
    traceId: run.trace_id ?? run.id ?? "",
    startAt,
    rootEndAt,
    changedAt: rootEndAt ?? startAt,
    clock: "sender",
  };
}

/** All runs of one trace as a trace; `null` when there are none. */
export function traceOfRuns(runs: readonly ReadRun[], projectId: string): Trace | null {
  const spans = runs.map(spanOfRun).sort((a, b) => compare(a.dottedOrder, b.dottedOrder) || a.startAt - b.startAt);
  const root = findRoot(spans);
  return root ? createTrace(root, spans, { projectId, threadId: threadIdOf(root.metadata) }) : null;
}

function spanOfRun(run: ReadRun): Span {
  const id = run.id ?? "";
  const extra = isJsonObject(run.extra) ? run.extra : {};
  const metadata = isJsonObject(run.metadata) ? run.metadata : isJsonObject(extra["metadata"]) ? extra["metadata"] : {};
  const model = metadata["ls_model_name"];
  const cost = run.total_cost === null || run.total_cost === undefined ? undefined : Number(run.total_cost);
  return {
    id,
    traceId: run.trace_id ?? id,
    parentId: run.parent_run_id ?? run.parent_run_ids?.at(-1) ?? null,
    name: run.name ?? "",
    kind: (run.run_type ?? "chain").toLowerCase(),
    startAt: parseTime(run.start_time) ?? 0,
    endAt: parseTime(run.end_time),
    dottedOrder: run.dotted_order ?? "",
    status: statusOf(run),
    error: run.error ?? null,
    inputs: payloadObject(run.inputs) ?? {},
    outputs: payloadObject(run.outputs),
    metadata,
    tags: run.tags ?? [],
    model: typeof model === "string" ? model : null,
    usage: {
      // The read APIs send 0 where nothing was counted.
      ...(run.prompt_tokens ? { promptTokens: run.prompt_tokens } : {}),
      ...(run.completion_tokens ? { completionTokens: run.completion_tokens } : {}),
      ...(run.total_tokens ? { totalTokens: run.total_tokens } : {}),
      ...(cost !== undefined && Number.isFinite(cost) && cost > 0 ? { cost } : {}),
    },
    events: Array.isArray(run.events) ? run.events.filter(isJsonObject) : [],
    scores: scoresOf(run.feedback_stats),
  };
}

function statusOf(run: ReadRun): SpanStatus {
  if (run.error !== null && run.error !== undefined) return "error";
  const status = run.status?.toLowerCase();
  if (status === "error" || status === "pending" || status === "success") return status;
  return run.end_time === null || run.end_time === undefined ? "pending" : "success";
}

/** Read APIs carry statistics rather than single feedbacks: each key's mean stands for it. */
export function scoresOf(stats: unknown): SpanScore[] {
  if (!isJsonObject(stats)) return [];
  return Object.entries(stats).flatMap(([key, value]): SpanScore[] => {
    const avg = isJsonObject(value) ? value["avg"] : undefined;
    return typeof avg === "number" ? [{ key, score: avg }] : [];
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
