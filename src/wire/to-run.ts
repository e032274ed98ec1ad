import { toIsoTime } from "../internal/iso-time.ts";
import { childrenByParent } from "../model/trace.ts";
import type { Span, SpanScore, Trace } from "../model/trace.ts";
import type { FeedbackStats, LangSmithRun } from "./langsmith-run.ts";

/** The trace as LangSmith's `Run` tree, root on top. Linear in spans, safe for any depth. */
export function toRun(trace: Trace): LangSmithRun {
  const runs = toRuns(trace);
  // Every trace has its root among its spans; a trace built by hand without it still yields the root.
  return runs.get(trace.root.id) ?? spanToRun(trace.root, trace);
}

/** Every span's run by span id, linked into one tree through `child_runs`. Payloads are shared with the spans, not copied. */
export function toRuns(trace: Trace): Map<string, LangSmithRun> {
  const runs = new Map<string, LangSmithRun>([[trace.root.id, spanToRun(trace.root, trace)]]);
  for (const span of trace.spans) if (!runs.has(span.id)) runs.set(span.id, spanToRun(span, trace));
  const children = childrenByParent(trace);
  const reached = new Set<string>();
  const adopt = (id: string): void => {
    const pending = [id];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      reached.add(next);
      const parent = runs.get(next);
      for (const child of children.get(next) ?? []) {
        const run = runs.get(child.id);
        if (!parent || !run || reached.has(child.id)) continue;
        reached.add(child.id);
        parent.child_runs.push(run);
        parent.child_run_ids.push(run.id);
        pending.push(child.id);
      }
    }
  };
  adopt(trace.root.id);
  for (const [id, run] of runs) {
    if (reached.has(id)) continue;
    // Only a parent cycle leaves spans unreached; its first member hangs under the root so that nothing is lost.
    const root = runs.get(trace.root.id);
    root?.child_runs.push(run);
    root?.child_run_ids.push(id);
    adopt(id);
  }
  return runs;
}

function spanToRun(span: Span, trace: Trace): LangSmithRun {
  return {
    id: span.id,
    name: span.name,
    run_type: span.kind,
    trace_id: span.traceId,
    dotted_order: span.dottedOrder,
    session_id: trace.projectId,
    ...(span.parentId !== null && { parent_run_id: span.parentId }),
    start_time: toIsoTime(span.startAt),
    ...(span.endAt !== null && { end_time: toIsoTime(span.endAt) }),
    status: span.status,
    ...(span.error !== null && { error: span.error }),
    inputs: span.inputs,
    ...(span.outputs !== null && { outputs: span.outputs }),
    extra: { metadata: span.metadata },
    tags: span.tags,
    events: span.events,
    child_runs: [],
    child_run_ids: [],
    feedback_stats: feedbackStats(span.scores),
    ...(span.usage.promptTokens !== undefined && { prompt_tokens: span.usage.promptTokens }),
    ...(span.usage.completionTokens !== undefined && { completion_tokens: span.usage.completionTokens }),
    ...(span.usage.totalTokens !== undefined && { total_tokens: span.usage.totalTokens }),
    ...(span.usage.cost !== undefined && { total_cost: span.usage.cost }),
  };
}

function feedbackStats(scores: readonly SpanScore[]): Record<string, FeedbackStats> {
  const stats = new Map<string, FeedbackStats & { sum: number; scored: number }>();
  for (const { key, score, value } of scores) {
    const entry = stats.get(key) ?? {
      n: 0,
      avg: null,
      values: Object.create(null) as Record<string, number>,
      sum: 0,
      scored: 0,
    };
    entry.n++;
    if (score !== null) entry.avg = (entry.sum += score) / ++entry.scored;
    if (typeof value === "string") entry.values[value] = (entry.values[value] ?? 0) + 1;
    stats.set(key, entry);
  }
  return Object.fromEntries([...stats].map(([key, { n, avg, values }]) => [key, { n, avg, values: { ...values } }]));
}
