import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { runStatsJson } from "../../wire/langsmith/run-stats.ts";
import { threadJson, threadStatsJson, threadTraceJson } from "../../wire/langsmith/thread.ts";
import { pageResponse } from "../page-response.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { time, uuid } from "./field.ts";
import { lastDay } from "./last-day.ts";
import { offsetOf } from "./offset-cursor.ts";
import { parseFilters } from "./parse-filters.ts";
import { PageBody, refuseAiSearch } from "./runs-v2.ts";
import { threadSources } from "./thread-sources.ts";

const Selection = {
  project_id: uuid,
  min_start_time: time.nullish(),
  max_start_time: time.nullish(),
  filter: z.string().nullish(),
  trace_filter: z.string().nullish(),
  tree_filter: z.string().nullish(),
  thread_filter: z.string().nullish(),
};
const QueryBody = PageBody.extend({ ...Selection, ai_search: z.string().nullish() });
const StatsBody = z.looseObject({ ...Selection, select: z.array(z.string()).nullish() });
const TracesQuery = z.object({
  project_id: uuid,
  filter: z.string().optional(),
  trace_filter: z.string().optional(),
  tree_filter: z.string().optional(),
  cursor: z.string().optional(),
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
});
const OneStatsQuery = z.object({ session_id: uuid, filter: z.string().optional() });

/** Conversations: traces of a project that carry the same thread id. */
export function threadsV2Routes(app: Hono, context: ServerContext): void {
  const { store } = context;

  const selectionOf = (body: z.infer<typeof StatsBody>) => {
    if (body.thread_filter) {
      throw new LoopsmithError("not_implemented", "thread_filter: threads are selected by their traces", {
        hint: "Use filter, trace_filter or tree_filter.",
        details: { field: "thread_filter" },
      });
    }
    return {
      projectId: body.project_id,
      startFrom: body.min_start_time ?? lastDay(context.now()),
      ...(typeof body.max_start_time === "number" ? { startTo: body.max_start_time } : {}),
      ...parseFilters(body),
    };
  };

  app.post("/v2/threads/query", async (c) => {
    const body = await readJson(c, context, QueryBody);
    refuseAiSearch(body.ai_search);
    const limit = body.page_size ?? 100;
    const offset = offsetOf(body.cursor);
    const { rows, total } = await store.threadList({ ...selectionOf(body), limit, offset });
    const sources = await threadSources(context, body.project_id, rows);
    const next = offset + limit < total ? String(offset + limit) : null;
    return pageResponse(
      c,
      sources.map((source) => JSON.stringify(threadJson(source))),
      next,
    );
  });

  app.post("/v2/threads/stats", async (c) => {
    const body = await readJson(c, context, StatsBody);
    const { projectId, ...selection } = selectionOf(body);
    const roots = { ...selection, projectIds: [projectId], isRoot: true };
    const [{ total }, totals, feedback] = await Promise.all([
      store.threadList({ ...selection, projectId, limit: 1, offset: 0 }),
      store.spanStats(roots),
      store.spanFeedbackStats(roots),
    ]);
    const { latency_p50, latency_p99, first_token_p50, first_token_p99, feedback_stats, run_count, ...rest } =
      runStatsJson(totals, feedback);
    return c.json({
      ...rest,
      thread_count: total,
      trace_count: run_count,
      latency_p50_seconds: latency_p50,
      latency_p99_seconds: latency_p99,
      first_token_p50_seconds: first_token_p50,
      first_token_p99_seconds: first_token_p99,
      thread_feedback_stats: feedback_stats,
    });
  });

  app.get("/v2/threads/:id/traces", async (c) => {
    const query = readQuery(c, TracesQuery);
    const offset = query.cursor === undefined ? 0 : Number(query.cursor.split("~")[0]);
    const inner = query.cursor?.split("~")[1];
    const { rows, nextCursor } = await store.spanQuery({
      projectIds: [query.project_id],
      threadIds: [c.req.param("id")],
      isRoot: true,
      ...parseFilters(query),
      order: "asc",
      limit: query.page_size,
      ...(inner === undefined ? {} : { cursor: inner }),
      payloads: ["inputs", "outputs"],
    });
    const items = rows.map((row, index) => JSON.stringify(threadTraceJson(row, offset + index + 1)));
    return pageResponse(c, items, nextCursor === null ? null : `${offset + rows.length}~${nextCursor}`);
  });

  app.get("/v2/threads/:id/stats", async (c) => {
    const query = readQuery(c, OneStatsQuery);
    const { rows } = await store.threadList({
      projectId: query.session_id,
      threadIds: [c.req.param("id")],
      ...parseFilters(query),
      limit: 1,
      offset: 0,
    });
    const [source] = await threadSources(context, query.session_id, rows);
    return c.json(source ? threadStatsJson(source) : { turns: 0 });
  });
}
