import type { Hono } from "hono";
import { z } from "zod";
import { toIsoTime } from "../../internal/iso-time.ts";
import { payloadsOfV2, runV2Text, selectOfV2 } from "../../wire/langsmith/run-v2.ts";
import { pageResponse } from "../page-response.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { time, uuid } from "./field.ts";
import { lastDay } from "./last-day.ts";
import { parseFilters } from "./parse-filters.ts";
import { runSources } from "./run-sources.ts";
import { feedbackWindowOf, PageBody, refuseAiSearch } from "./runs-v2.ts";
import { streamItems } from "../stream-items.ts";

/** Spans read at a time while a whole trace is written out. */
const TRACE_PAGE = 500;

const QueryBody = PageBody.extend({
  project_id: uuid,
  trace_ids: z.array(uuid).nullish(),
  trace_filter: z.string().nullish(),
  tree_filter: z.string().nullish(),
  min_start_time: time.nullish(),
  max_start_time: time.nullish(),
  selects: z.array(z.string()).nullish(),
  min_feedback_modified_at: time.nullish(),
  max_feedback_modified_at: time.nullish(),
  ai_search: z.string().nullish(),
});

const TraceRunsQuery = z.object({
  project_id: uuid.optional(),
  filter: z.string().optional(),
  min_start_time: time.optional(),
  max_start_time: time.optional(),
  selects: z.array(z.string()).optional(),
});

/** Whole traces: their roots by query, and all runs of one. */
export function tracesV2Routes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/v2/traces/query", async (c) => {
    const body = await readJson(c, context, QueryBody);
    refuseAiSearch(body.ai_search);
    const select = selectOfV2(body.selects ?? undefined);
    const { rows, nextCursor } = await store.spanQuery({
      projectIds: [body.project_id],
      ...(body.trace_ids ? { traceIds: body.trace_ids } : { startFrom: body.min_start_time ?? lastDay(context.now()) }),
      ...(typeof body.max_start_time === "number" ? { startTo: body.max_start_time } : {}),
      ...parseFilters(body),
      ...feedbackWindowOf(body),
      isRoot: true,
      order: "desc",
      limit: body.page_size ?? 100,
      ...(body.cursor ? { cursor: body.cursor } : {}),
      payloads: payloadsOfV2(select),
    });
    const sources = await runSources(context, rows, {
      origin: new URL(c.req.url).origin,
      withFeedback: select.has("feedback_stats"),
    });
    const totals = await store.traceTotals({ traceIds: rows.map((row) => row.traceId) });
    const items = sources.map((source) => {
      const total = totals.get(source.span.traceId);
      const aggregates = JSON.stringify({
        total_tokens: total?.totalTokens ?? 0,
        ...(total?.cost === null ? {} : { total_cost: total?.cost }),
        ...(total?.firstTokenAt ? { first_token_time: toIsoTime(total.firstTokenAt) } : {}),
      });
      return `{"root_run":${runV2Text(source, select)},"trace_aggregates":${aggregates}}`;
    });
    return pageResponse(c, items, nextCursor);
  });

  app.get("/v2/traces/:id/runs", (c) => {
    const query = readQuery(c, TraceRunsQuery);
    const select = selectOfV2(query.selects);
    const origin = new URL(c.req.url).origin;
    const filters = parseFilters(query);
    return streamItems(async function* () {
      let cursor: string | undefined;
      do {
        const { rows, nextCursor } = await store.spanQuery({
          traceIds: [c.req.param("id")],
          ...(query.project_id === undefined ? {} : { projectIds: [query.project_id] }),
          ...(query.min_start_time === undefined ? {} : { startFrom: query.min_start_time }),
          ...(query.max_start_time === undefined ? {} : { startTo: query.max_start_time }),
          ...filters,
          order: "asc",
          limit: TRACE_PAGE,
          ...(cursor === undefined ? {} : { cursor }),
          payloads: payloadsOfV2(select),
        });
        const sources = await runSources(context, rows, { origin, withFeedback: select.has("feedback_stats") });
        yield sources.map((source) => runV2Text(source, select));
        cursor = nextCursor ?? undefined;
      } while (cursor !== undefined);
    });
  });
}
