import type { Context, Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Dataset } from "../../model/dataset.ts";
import type { ExampleWrite } from "../../store/resource/dataset.ts";
import { parseCsv } from "../../wire/csv.ts";
import { textOf } from "../../wire/ingest/parse-slice.ts";
import { datasetJson } from "../../wire/langsmith/dataset.ts";
import { splitMetadata } from "../../wire/langsmith/example.ts";
import { readMultipart, type Part } from "../../wire/multipart.ts";
import { MAX_LIST_BYTES } from "../../wire/parse-json-steps.ts";
import { readBody } from "../read-bytes.ts";
import { checked, DOCUMENT_COST, readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { asOfTime, document, jsonParam, needDataset } from "./datasets-lookup.ts";
import { assertExamples } from "./examples-checked.ts";
import { examplesResponse } from "./examples-read.ts";
import { byPage } from "./examples-write.ts";
import { uuid } from "./field.ts";

const keys = z.array(z.string()).default([]);
const none = z.literal("", "is not supported; rename the columns in the file").optional();

const UploadFields = z.object({
  input_keys: keys,
  output_keys: keys,
  metadata_keys: keys,
  name: z.string().min(1).optional(),
  description: z.string().optional(),
  data_type: z.enum(["kv", "llm", "chat"]).default("kv"),
  inputs_schema_definition: jsonParam.pipe(document).optional(),
  outputs_schema_definition: jsonParam.pipe(document).optional(),
  transformations: none,
  input_key_mappings: none,
  output_key_mappings: none,
  metadata_key_mappings: none,
});
type UploadFields = z.infer<typeof UploadFields>;

const CloneBody = z.looseObject({
  source_dataset_id: uuid,
  target_dataset_id: uuid,
  as_of: z.string().nullish(),
  examples: z.array(uuid).nullish(),
  split: z.union([z.string(), z.array(z.string())]).nullish(),
});

/** Examples read at a time while a dataset is copied. */
const CLONE_PAGE = 200;

/** Datasets out of CSV files, and copies of datasets. */
export function datasetUploadRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/datasets/upload", (c) =>
    upload(c, context, async (fields, rows, fileName) => {
      const examples = toExamples(rows, fields);
      const schemas = {
        inputsSchema: fields.inputs_schema_definition ?? null,
        outputsSchema: fields.outputs_schema_definition ?? null,
      };
      assertExamples(schemas, examples, true);
      const { id } = await store.datasetCreate({
        name: fields.name ?? fileName,
        description: fields.description ?? null,
        dataType: fields.data_type,
        ...schemas,
      });
      await store.exampleWrite({ datasetId: id, examples });
      return c.json(datasetJson(await needDataset(context, id)));
    }),
  );

  app.post("/examples/upload/:datasetId", async (c) => {
    const dataset = await needDataset(context, c.req.param("datasetId"));
    return upload(c, context, async (fields, rows) => {
      const examples = toExamples(rows, fields);
      assertExamples(dataset, examples, true);
      const { ids } = await store.exampleWrite({ datasetId: dataset.id, examples });
      return examplesResponse(c, context, byPage(context, ids));
    });
  });

  app.post("/datasets/clone", async (c) => {
    const body = await readJson(c, context, CloneBody);
    const source = await needDataset(context, body.source_dataset_id);
    const target = await needDataset(context, body.target_dataset_id);
    const asOf = await asOfTime(context, source.id, body.as_of);
    const split = body.split ?? undefined;
    const ids = await clone(context, source, target, {
      ...(asOf === undefined ? {} : { asOf }),
      ...(body.examples?.length ? { ids: body.examples } : {}),
      ...(split === undefined ? {} : { splits: typeof split === "string" ? [split] : split }),
    });
    return c.json(ids.map((id) => ({ id })));
  });
}

async function upload(
  c: Context,
  context: ServerContext,
  work: (fields: UploadFields, rows: string[][], fileName: string) => Promise<Response>,
): Promise<Response> {
  const bytes = await readBody(c, context, MAX_LIST_BYTES);
  context.inFlight.grow(c.req.raw, bytes.byteLength * DOCUMENT_COST);
  const parts = readMultipart(bytes, c.req.header("content-type"));
  const file = parts.find((part) => part.name === "file");
  if (!file) {
    throw new LoopsmithError("invalid", "file: is missing", {
      hint: "Send the CSV as the part named file.",
      details: { field: "file" },
    });
  }
  const fields = checked(UploadFields, fieldsOf(parts), "body");
  return work(fields, parseCsv(textOf(file.bytes)), file.filename ?? "dataset.csv");
}

/** Form fields by name; those that may repeat are lists. */
function fieldsOf(parts: readonly Part[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(UploadFields.shape)) {
    const values = parts.filter((part) => part.name === name).map((part) => textOf(part.bytes));
    if (values.length > 0) fields[name] = name.endsWith("_keys") ? values : values[0];
  }
  return fields;
}

/** One example a row. */
function toExamples(rows: readonly string[][], fields: UploadFields): ExampleWrite[] {
  const [header = [], ...body] = rows;
  const columns = new Map(header.map((name, index) => [name, index]));
  for (const name of [...fields.input_keys, ...fields.output_keys, ...fields.metadata_keys]) {
    if (columns.has(name)) continue;
    throw new LoopsmithError("invalid", `the file has no column "${name.slice(0, 100)}"`, {
      hint: `Its columns are ${header.join(", ").slice(0, 500)}.`,
      details: { field: "input_keys" },
    });
  }
  const pick = (row: readonly string[], names: readonly string[]): JsonObject =>
    Object.fromEntries(names.map((name) => [name, row[columns.get(name) ?? -1] ?? ""]));
  return body.map((row) => ({
    inputs: pick(row, fields.input_keys),
    outputs: fields.output_keys.length > 0 ? pick(row, fields.output_keys) : null,
    ...splitMetadata(pick(row, fields.metadata_keys), null),
  }));
}

async function clone(
  { store }: ServerContext,
  source: Dataset,
  target: Dataset,
  selection: { asOf?: number; ids?: string[]; splits?: string[] },
): Promise<string[]> {
  const ids: string[] = [];
  // A fixed point in time keeps the pages from shifting when source and target are the same dataset.
  const asOf = selection.asOf ?? (await store.datasetVersionGet({ datasetId: source.id }))?.asOf;
  for (let offset = 0; ; offset += CLONE_PAGE) {
    const page = await store.exampleList({
      ...selection,
      ...(asOf === undefined ? {} : { asOf }),
      datasetId: source.id,
      order: "oldest",
      limit: CLONE_PAGE,
      offset,
    });
    if (page.length === 0) return ids;
    const examples: ExampleWrite[] = [];
    for (const { inputs, outputs, metadata, splits, sourceRunId, attachments } of page) {
      const contents = await Promise.all(
        attachments.map(async ({ name, contentId }) => {
          const content = await store.exampleAttachmentGet({ contentId });
          return content ? [{ name, ...content }] : [];
        }),
      );
      examples.push({ inputs, outputs, metadata, splits, sourceRunId, attachments: contents.flat() });
    }
    assertExamples(target, examples, true);
    ids.push(...(await store.exampleWrite({ datasetId: target.id, examples })).ids);
  }
}
