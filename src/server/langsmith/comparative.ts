import type { Context, Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { comparativeJson } from "../../wire/langsmith/comparative.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { document, needDataset } from "./datasets-lookup.ts";
import { needShared } from "./datasets-share.ts";
import { flag, page, time, uuid } from "./field.ts";

const CreateBody = z.looseObject({
  id: uuid.nullish(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  experiment_ids: z.array(uuid).min(1),
  reference_dataset_id: uuid.nullish(),
  extra: document.nullish(),
  created_at: time.nullish(),
});

const ListQuery = z.object({
  id: z.array(uuid).optional(),
  name: z.string().optional(),
  name_contains: z.string().optional(),
  sort_by: z.enum(["name", "created_at"]).default("created_at"),
  sort_by_desc: flag.default(true),
  ...page,
});

/** Comparisons of experiments on one dataset, as `evaluateComparative` makes them. */
export function comparativeRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/datasets/comparative", async (c) => {
    const body = await readJson(c, context, CreateBody);
    const projects = await store.projectList({
      ids: body.experiment_ids,
      limit: body.experiment_ids.length,
      offset: 0,
    });
    const missing = body.experiment_ids.find((id) => projects.every((project) => project.id !== id));
    if (missing !== undefined) {
      throw new LoopsmithError("not_found", `Experiment not found: ${missing}`, {
        hint: "Compare experiments that are there; list them with GET /sessions?reference_dataset={id}.",
      });
    }
    const datasets = new Set(projects.map((project) => project.referenceDatasetId));
    const datasetId = body.reference_dataset_id ?? projects[0]?.referenceDatasetId;
    if (!datasetId || datasets.size > 1 || !datasets.has(datasetId)) {
      throw new LoopsmithError("invalid", "experiment_ids: the experiments are not all on the same dataset", {
        hint: "Compare experiments on one dataset.",
        details: { field: "experiment_ids" },
      });
    }
    const comparative = await store.comparativeCreate({
      ...(body.id ? { id: body.id } : {}),
      name: body.name ?? projects.map((project) => project.name).join(" vs. "),
      description: body.description ?? null,
      datasetId,
      projectIds: body.experiment_ids,
      extra: body.extra ?? {},
      ...(body.created_at ? { createdAt: body.created_at } : {}),
    });
    return c.json(comparativeJson(comparative));
  });

  app.get("/datasets/:id/comparative", async (c) => {
    const { id } = await needDataset(context, c.req.param("id"));
    return list(c, context, id);
  });

  app.get("/public/:token/datasets/comparative", async (c) => {
    const dataset = await needShared(context, c.req.param("token"));
    return dataset.shareProjects ? list(c, context, dataset.id) : c.json([]);
  });

  app.delete("/datasets/comparative/:id", async (c) => {
    if (await store.comparativeDelete({ id: c.req.param("id") })) return c.json({ message: "deleted" });
    throw new LoopsmithError("not_found", `Comparative experiment not found: ${c.req.param("id")}`, {
      hint: "List them with GET /datasets/{id}/comparative.",
    });
  });
}

async function list(c: Context, { store }: ServerContext, datasetId: string): Promise<Response> {
  const query = readQuery(c, ListQuery);
  const comparatives = await store.comparativeList({
    datasetId,
    ...(query.id ? { ids: query.id } : {}),
    ...(query.name === undefined ? {} : { name: query.name }),
    ...(query.name_contains === undefined ? {} : { nameContains: query.name_contains }),
    sortBy: query.sort_by === "name" ? "name" : "createdAt",
    sortOrder: query.sort_by_desc ? "desc" : "asc",
    limit: query.limit,
    offset: query.offset,
  });
  const stats = await store.comparativeStats({ ids: comparatives.map(({ id }) => id) });
  return c.json(comparatives.map((comparative) => comparativeJson(comparative, stats.get(comparative.id))));
}
