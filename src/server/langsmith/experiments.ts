import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { FilterExpression } from "../../wire/filter-ast.ts";
import { feedbackJson } from "../../wire/langsmith/feedback.ts";
import { payloadsOfV1, runV1Text } from "../../wire/langsmith/run-v1.ts";
import { payloadsOfV2, runV2Text, selectOfV2 } from "../../wire/langsmith/run-v2.ts";
import { sessionJson } from "../../wire/langsmith/session.ts";
import { jsonText } from "../json-text.ts";
import { pageResponse } from "../page-response.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needDataset } from "./datasets-lookup.ts";
import { needShared } from "./datasets-share.ts";
import { feedbackOf, filters, filtersOf, PREVIEW_FIELDS, runsOf, withRuns } from "./experiment-runs.ts";
import { page, uuid } from "./field.ts";
import { offsetOf } from "./offset-cursor.ts";

const V1Body = z.looseObject({
  session_ids: z.array(uuid).min(1),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(1000).nullish(),
  preview: z.boolean().default(false),
  comparative_experiment_id: uuid.nullish(),
  example_ids: z.array(uuid).nullish(),
  filters,
  sort_params: z.looseObject({ sort_by: z.string(), sort_order: z.string().default("DESC") }).nullish(),
});

const V2Body = z.looseObject({
  experiment_ids: z.array(uuid).min(1),
  example_ids: z.array(uuid).max(1000).nullish(),
  comparative_experiment_id: uuid.nullish(),
  filters,
  selects: z.array(z.string()).nullish(),
  sort: z.looseObject({ by: z.string().nullish(), order: z.string().nullish() }).nullish(),
  page_size: z.number().int().min(1).max(1000).nullish(),
  cursor: z.string().nullish(),
});

const SessionsQuery = z.object({
  id: z.array(uuid).optional(),
  name: z.string().optional(),
  name_contains: z.string().optional(),
  ...page,
});

/** Examples of a dataset side by side with what experiments made of them, in both API generations. */
export function experimentRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/datasets/:id/runs", async (c) => {
    const body = await readJson(c, context, V1Body);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const examples = await store.experimentExampleList({
      datasetId,
      projectIds: body.session_ids,
      ...selected(body),
      ...sortOf(body.sort_params?.sort_by, body.sort_params?.sort_order),
      limit: body.limit ?? 100,
      offset: body.offset,
    });
    const select = body.preview ? PREVIEW_FIELDS : undefined;
    const runs = await runsOf(c, context, examples, body.session_ids, payloadsOfV1(select));
    const feedback = await feedbackOf(context, runs, body.comparative_experiment_id ?? null);
    const texts = await withRuns(c, context, examples, runs, (source) => {
      const feedbacks = JSON.stringify((feedback.get(source.span.id) ?? []).map(feedbackJson));
      return `${runV1Text(source, select).slice(0, -1)},"feedbacks":${feedbacks}}`;
    });
    return jsonText(`[${texts.join(",")}]`);
  });

  app.post("/v2/datasets/:id/experiment-runs", async (c) => {
    const body = await readJson(c, context, V2Body);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const offset = offsetOf(body.cursor);
    const limit = body.page_size ?? 100;
    const found = await store.experimentExampleList({
      datasetId,
      projectIds: body.experiment_ids,
      ...selected(body),
      ...sortOf(body.sort?.by ?? undefined, body.sort?.order ?? "DESC"),
      limit: limit + 1,
      offset,
    });
    const examples = found.slice(0, limit);
    const select = selectOfV2(body.selects ?? undefined);
    const runs = await runsOf(c, context, examples, body.experiment_ids, payloadsOfV2(select));
    const items = await withRuns(c, context, examples, runs, (source) => runV2Text(source, select));
    return pageResponse(c, items, found.length > limit ? String(offset + limit) : null);
  });

  app.get("/public/:token/datasets/sessions", async (c) => {
    const query = readQuery(c, SessionsQuery);
    const dataset = await needShared(context, c.req.param("token"));
    if (!dataset.shareProjects) return c.json([]);
    const projects = await store.projectList({
      referenceDatasetIds: [dataset.id],
      ...(query.id ? { ids: query.id } : {}),
      ...(query.name === undefined ? {} : { name: query.name }),
      ...(query.name_contains === undefined ? {} : { nameContains: query.name_contains }),
      limit: query.limit,
      offset: query.offset,
    });
    return c.json(projects.map((project) => sessionJson(project)));
  });
}

function selected(body: { example_ids?: string[] | null | undefined; filters?: z.infer<typeof filters> }): {
  exampleIds?: string[];
  filters?: Map<string, FilterExpression[]>;
} {
  return { ...(body.example_ids ? { exampleIds: body.example_ids } : {}), ...filtersOf(body.filters) };
}

function sortOf(by: string | undefined, order = "DESC"): { sort?: { key: string; order: "asc" | "desc" } } {
  if (by === undefined) return {};
  const direction = order.toUpperCase();
  if (direction !== "ASC" && direction !== "DESC") {
    throw new LoopsmithError("invalid", "sort: the order is neither ASC nor DESC", {
      hint: "Send ASC or DESC.",
      details: { field: "sort" },
    });
  }
  return { sort: { key: by.replace(/^feedback\./, ""), order: direction === "ASC" ? "asc" : "desc" } };
}
