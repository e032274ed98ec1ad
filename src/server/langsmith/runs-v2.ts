import type { Context, Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { payloadsOfV2, runV2Text, selectOfV2 } from "../../wire/langsmith/run-v2.ts";
import { appPath, type SubtreeUsage } from "../../wire/langsmith/run-extras.ts";
import { TENANT_ID } from "../../wire/langsmith/tenant.ts";
import { jsonText } from "../json-text.ts";
import { pageResponse } from "../page-response.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { time, uuid } from "./field.ts";
import { lastDay } from "./last-day.ts";
import { parseFilters } from "./parse-filters.ts";
import { runSources } from "./run-sources.ts";
import { runNotFound } from "./runs-v1.ts";
import { subtreeUsage } from "./subtree-usage.ts";

/** Page size and position of every v2 query. */
export const PageBody = z.looseObject({
  page_size: z.number().int().min(1).max(1000).nullish(),
  cursor: z.string().nullish(),
});

const QueryBody = PageBody.extend({
  project_ids: z.array(uuid).nullish(),
  reference_dataset_id: uuid.nullish(),
  ids: z.array(uuid).nullish(),
  trace_id: uuid.nullish(),
  run_type: z.string().nullish(),
  is_root: z.boolean().nullish(),
  has_error: z.boolean().nullish(),
  min_start_time: time.nullish(),
  max_start_time: time.nullish(),
  filter: z.string().nullish(),
  trace_filter: z.string().nullish(),
  tree_filter: z.string().nullish(),
  reference_examples: z.array(uuid).nullish(),
  selects: z.array(z.string()).nullish(),
  min_feedback_modified_at: time.nullish(),
  max_feedback_modified_at: time.nullish(),
  ai_search: z.string().nullish(),
  include_subtree_usage: z.boolean().nullish(),
});

const OneQuery = z.object({ project_id: uuid.optional(), selects: z.array(z.string()).optional() });

/** Reading runs by LangSmith's second API generation. */
export function runsV2Routes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/v2/runs/query", async (c) => {
    const body = await readJson(c, context, QueryBody);
    refuseAiSearch(body.ai_search);
    const projectIds = body.project_ids ?? [];
    const datasetId = body.reference_dataset_id ?? undefined;
    if (projectIds.length > 0 === (datasetId !== undefined)) {
      throw new LoopsmithError("invalid", "project_ids: send exactly one of project_ids and reference_dataset_id", {
        hint: "Name the projects to search.",
        details: { field: "project_ids" },
      });
    }
    const select = selectOfV2(body.selects ?? undefined);
    const startFrom = body.min_start_time ?? (datasetId === undefined ? lastDay(context.now()) : undefined);
    const { rows, nextCursor } = await store.spanQuery({
      ...(datasetId === undefined ? { projectIds } : { referenceDatasetId: datasetId }),
      ...(body.ids ? { ids: body.ids } : {}),
      ...(body.trace_id ? { traceIds: [body.trace_id] } : {}),
      ...(body.run_type ? { kind: body.run_type.toLowerCase() } : {}),
      ...(typeof body.is_root === "boolean" ? { isRoot: body.is_root } : {}),
      ...(typeof body.has_error === "boolean" ? { hasError: body.has_error } : {}),
      ...(startFrom === undefined ? {} : { startFrom }),
      ...(typeof body.max_start_time === "number" ? { startTo: body.max_start_time } : {}),
      ...(body.reference_examples ? { referenceExampleIds: body.reference_examples } : {}),
      ...parseFilters(body),
      ...feedbackWindowOf(body),
      order: "desc",
      limit: body.page_size ?? 100,
      ...(body.cursor ? { cursor: body.cursor } : {}),
      payloads: payloadsOfV2(select),
    });
    const sources = await runSources(context, rows, {
      origin: new URL(c.req.url).origin,
      withFeedback: select.has("feedback_stats"),
    });
    const below = body.include_subtree_usage ? await subtreeUsage(context, rows) : new Map<string, SubtreeUsage>();
    return pageResponse(
      c,
      sources.map((source) => {
        const subtree = below.get(source.span.id);
        return runV2Text(subtree ? { ...source, subtree } : source, select);
      }),
      nextCursor,
    );
  });

  app.get("/v2/runs/:id", async (c) => {
    const query = readQuery(c, OneQuery);
    const select = selectOfV2(query.selects);
    return jsonText(await oneRun(c, context, select, query.project_id));
  });

  app.get("/v2/runs/:id/url", async (c) => {
    const id = c.req.param("id");
    const { rows } = await store.spanQuery({ ids: [id], order: "asc", limit: 1, payloads: [] });
    const [row] = rows;
    if (!row) throw runNotFound(id);
    return c.json({ url: `${new URL(c.req.url).origin}${appPath(row, TENANT_ID)}` });
  });
}

async function oneRun(
  c: Context,
  context: ServerContext,
  select: ReadonlySet<string>,
  projectId: string | undefined,
): Promise<string> {
  const id = c.req.param("id") ?? "";
  const { rows } = await context.store.spanQuery({
    ids: [id],
    ...(projectId === undefined ? {} : { projectIds: [projectId] }),
    order: "asc",
    limit: 1,
    payloads: payloadsOfV2(select),
  });
  const [source] = await runSources(context, rows, {
    origin: new URL(c.req.url).origin,
    withFeedback: select.has("feedback_stats"),
  });
  if (!source) throw runNotFound(id);
  return runV2Text(source, select);
}

/** When the feedback that the filters ask for was changed. */
export function feedbackWindowOf(body: {
  min_feedback_modified_at?: number | null | undefined;
  max_feedback_modified_at?: number | null | undefined;
}): { feedbackWindow?: { from?: number; to?: number } } {
  const { min_feedback_modified_at: from, max_feedback_modified_at: to } = body;
  if (typeof from !== "number" && typeof to !== "number") return {};
  return {
    feedbackWindow: { ...(typeof from === "number" ? { from } : {}), ...(typeof to === "number" ? { to } : {}) },
  };
}

export function refuseAiSearch(aiSearch: string | null | undefined): void {
  if (!aiSearch) return;
  throw new LoopsmithError("not_implemented", "ai_search needs a language model, and this server brings none", {
    hint: "Use `filter`.",
    details: { field: "ai_search" },
  });
}
