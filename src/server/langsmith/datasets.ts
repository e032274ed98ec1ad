import type { Hono } from "hono";
import { z } from "zod";
import { compileJsonSchema } from "../../internal/json-schema/json-schema.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import type { JsonObject } from "../../model/json.ts";
import type { DatasetSort } from "../../store/resource/dataset.ts";
import { datasetJson, metadataOfExtra } from "../../wire/langsmith/dataset.ts";
import { prebuiltSchema } from "../../wire/langsmith/prebuilt-schemas.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { datasetNotFound, document, jsonParam, needDataset } from "./datasets-lookup.ts";
import { flag, page, time, uuid } from "./field.ts";
import { offsetOf } from "./offset-cursor.ts";

const dataType = z.enum(["kv", "llm", "chat"]);
/** Not supported, and told so instead of being dropped. */
const transformations = z.array(z.unknown()).max(0, "transformations are not supported; send the data as it should be");

const CreateBody = z.looseObject({
  id: uuid.nullish(),
  name: z.string().min(1),
  description: z.string().nullish(),
  data_type: dataType.nullish(),
  extra: document.nullish(),
  metadata: document.nullish(),
  inputs_schema_definition: document.nullish(),
  outputs_schema_definition: document.nullish(),
  transformations: transformations.nullish(),
  created_at: time.nullish(),
});

/** Clients say `{"__missing__": "__missing__"}` for what they leave alone. */
const missing = z.object({ __missing__: z.string() }).transform(() => undefined);

const UpdateBody = z.looseObject({
  name: z.union([missing, z.string().min(1)]).nullish(),
  description: z.union([missing, z.string()]).nullish(),
  metadata: z.union([missing, document]).nullish(),
  inputs_schema_definition: z.union([missing, document]).nullish(),
  outputs_schema_definition: z.union([missing, document]).nullish(),
  baseline_experiment_id: z.union([missing, uuid]).nullish(),
  transformations: z.union([missing, transformations]).nullish(),
  patch_examples: z.object({}, "examples are changed by PATCH /examples").nullish(),
});

const SORTS = {
  name: "name",
  created_at: "createdAt",
  modified_at: "modifiedAt",
  example_count: "exampleCount",
  session_count: "projectCount",
  last_session_start_time: "lastProjectStartAt",
} as const satisfies Record<string, DatasetSort>;

const selection = {
  id: z.array(uuid).optional(),
  name: z.string().optional(),
  name_contains: z.string().optional(),
  data_type: z.array(dataType).optional(),
  metadata: jsonParam.optional(),
  sort_by: z.enum(Object.keys(SORTS) as (keyof typeof SORTS)[]).default("created_at"),
};
const ListQuery = z.object({ ...selection, ...page, sort_by_desc: flag.default(true) });
const ListV2Query = z.object({
  ...selection,
  sort_order: z.enum(["asc", "desc"]).default("desc"),
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});
const DeleteQuery = z.object({ dataset_ids: z.array(uuid) });

/** Datasets themselves, in both API generations. */
export function datasetRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/datasets", async (c) => {
    const body = await readJson(c, context, CreateBody);
    assertSchema("inputs_schema_definition", body.inputs_schema_definition);
    assertSchema("outputs_schema_definition", body.outputs_schema_definition);
    const dataset = await store.datasetCreate({
      ...(body.id ? { id: body.id } : {}),
      name: body.name,
      description: body.description ?? null,
      dataType: body.data_type ?? "kv",
      metadata: body.metadata ?? metadataOfExtra(body.extra),
      inputsSchema: body.inputs_schema_definition ?? null,
      outputsSchema: body.outputs_schema_definition ?? null,
      ...(body.created_at ? { createdAt: body.created_at } : {}),
    });
    return c.json(datasetJson(dataset));
  });

  app.get("/datasets", async (c) => {
    const query = readQuery(c, ListQuery);
    const datasets = await store.datasetList({
      ...selected(query),
      sortOrder: query.sort_by_desc ? "desc" : "asc",
      limit: query.limit,
      offset: query.offset,
    });
    return c.json(datasets.map(datasetJson));
  });

  app.get("/v2/datasets", async (c) => {
    const query = readQuery(c, ListV2Query);
    const offset = offsetOf(query.cursor);
    const rows = await store.datasetList({
      ...selected(query),
      sortOrder: query.sort_order,
      limit: query.page_size + 1,
      offset,
    });
    const next = rows.length > query.page_size ? String(offset + query.page_size) : null;
    return c.json({ items: rows.slice(0, query.page_size).map(datasetJson), next_cursor: next });
  });

  app.get("/datasets/:id", async (c) => c.json(datasetJson(await needDataset(context, c.req.param("id")))));

  app.patch("/datasets/:id", async (c) => {
    const body = await readJson(c, context, UpdateBody);
    assertSchema("inputs_schema_definition", body.inputs_schema_definition);
    assertSchema("outputs_schema_definition", body.outputs_schema_definition);
    const dataset = await store.datasetUpdate({
      id: c.req.param("id"),
      ...(body.name ? { name: body.name } : {}),
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.metadata ? { metadata: body.metadata } : {}),
      ...(body.inputs_schema_definition === undefined ? {} : { inputsSchema: body.inputs_schema_definition }),
      ...(body.outputs_schema_definition === undefined ? {} : { outputsSchema: body.outputs_schema_definition }),
      ...(body.baseline_experiment_id === undefined ? {} : { baselineProjectId: body.baseline_experiment_id }),
    });
    if (!dataset) throw datasetNotFound(c.req.param("id"));
    return c.json(datasetJson(dataset));
  });

  app.delete("/datasets/:id", async (c) => {
    if (!(await store.datasetDelete({ id: c.req.param("id") }))) throw datasetNotFound(c.req.param("id"));
    return c.json({ message: "deleted" });
  });

  app.delete("/datasets", async (c) => {
    const { dataset_ids: ids } = readQuery(c, DeleteQuery);
    for (const id of ids) await store.datasetDelete({ id });
    return c.json({ message: "deleted" });
  });
}

function selected(
  query: z.infer<z.ZodObject<typeof selection>>,
): Omit<Parameters<ServerContext["store"]["datasetList"]>[0], "limit" | "offset"> {
  return {
    ...(query.id ? { ids: query.id } : {}),
    ...(query.name === undefined ? {} : { name: query.name }),
    ...(query.name_contains === undefined ? {} : { nameContains: query.name_contains }),
    ...(query.data_type ? { dataTypes: query.data_type } : {}),
    ...(query.metadata === undefined ? {} : { metadata: query.metadata }),
    sortBy: SORTS[query.sort_by],
  };
}

/** A schema that cannot be checked against is refused when it comes, not when the first example does. */
function assertSchema(field: string, schema: JsonObject | null | undefined): void {
  if (!schema) return;
  try {
    compileJsonSchema(schema, { document: prebuiltSchema });
  } catch (error) {
    throw new LoopsmithError("invalid", `${field}: ${errorMessage(error)}`, {
      hint: "Send a self-contained JSON Schema of draft 2020-12; of others it may refer to LangSmith's message.json and tooldef.json.",
      details: { field },
      cause: error,
    });
  }
}
