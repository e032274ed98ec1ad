import type { Context, Hono } from "hono";
import { z } from "zod";
import { toIsoTime } from "../../internal/iso-time.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { Example } from "../../model/dataset.ts";
import type { ExampleWrite } from "../../store/resource/dataset.ts";
import { exampleUploads, type ExampleUpload } from "../../wire/example-upload.ts";
import { SPLIT_KEY, splitMetadata } from "../../wire/langsmith/example.ts";
import { readBody } from "../read-bytes.ts";
import { checked, DOCUMENT_COST, readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needDataset } from "./datasets-lookup.ts";
import { withAll, without } from "./datasets-versions.ts";
import { assertExamples } from "./examples-checked.ts";
import { fromSourceRun } from "./examples-from-run.ts";
import { CreateFields, sourceOf } from "./examples-write.ts";
import { json, uuid } from "./field.ts";

type WriteMode = "create" | "update" | "upsert";

const UploadFields = CreateFields.extend({ dataset_id: uuid.nullish() });
const DeleteBody = z.looseObject({ example_ids: z.array(uuid), hard_delete: z.boolean().default(true) });

const Operation = z.looseObject({
  key: z.string().min(1).max(255),
  operation: z
    .string()
    .transform((name) => name.toUpperCase())
    .pipe(z.enum(["SET", "ARRAY_ADD", "ARRAY_REMOVE"])),
  value: json.optional(),
  values: z.array(z.string().max(255)).max(1000).optional(),
});
const MetadataBody = z.looseObject({
  example_ids: z.array(uuid).max(10_000),
  operations: z.array(Operation).max(50),
});

/** LangSmith's newer example routes: multipart with attachments, metadata of many at once, removal for good. */
export function platformExampleRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/platform/datasets/:datasetId/examples", (c) => receive(c, context, "create"));
  app.patch("/platform/datasets/:datasetId/examples", (c) => receive(c, context, "update"));
  // The older form, which names the dataset in the parts.
  app.post("/platform/examples/multipart", (c) => receive(c, context, "upsert"));

  app.post("/platform/datasets/examples/delete", async (c) => {
    const body = await readJson(c, context, DeleteBody);
    const ids = await store.exampleDelete({ ids: body.example_ids, hard: body.hard_delete });
    return c.json({ count: ids.length, example_ids: ids });
  });

  app.patch("/platform/datasets/:datasetId/examples/metadata", async (c) => {
    const body = await readJson(c, context, MetadataBody);
    const { id: datasetId } = await needDataset(context, c.req.param("datasetId"));
    const ids = body.example_ids.map((id) => id.toLowerCase());
    const revised = await store.exampleRevise({
      datasetId,
      ids,
      revise: (example) => operate(example, body.operations),
    });
    const found = new Set(revised.ids);
    const statuses = body.example_ids.map((id) =>
      found.has(id.toLowerCase())
        ? { id, status: "UPDATED" }
        : { id, status: "NOT_FOUND", description: "the example is not in the dataset" },
    );
    return c.json({ statuses }, 207);
  });

  app.delete("/platform/datasets/:datasetId/examples/:exampleId", async (c) => {
    const { datasetId, exampleId } = c.req.param();
    await needDataset(context, datasetId);
    // Already deleted is a success, as LangSmith has it.
    await store.exampleDelete({ ids: [exampleId.toLowerCase()], datasetId });
    return c.body(null, 204);
  });
}

async function receive(c: Context, context: ServerContext, mode: WriteMode): Promise<Response> {
  const uploads = await exampleUploads(await readBody(c, context), c.req.header("content-type"), {
    onDocument: (bytes) => context.inFlight.grow(c.req.raw, bytes * DOCUMENT_COST),
  });
  const datasetId = c.req.param("datasetId") ?? datasetIdOf(uploads);
  const dataset = await needDataset(context, datasetId);
  const examples: ExampleWrite[] = [];
  for (const upload of uploads) {
    const fields = checked(UploadFields, upload.fields, upload.id);
    examples.push(await fromSourceRun(context, toWrite(upload, fields), sourceOf(fields)));
  }
  assertExamples(dataset, examples, mode === "create");
  const { ids, asOf } = await context.store.exampleWrite({
    datasetId,
    examples,
    createOnly: mode === "create",
    updateOnly: mode === "update",
  });
  return c.json({ count: ids.length, example_ids: ids, as_of: toIsoTime(asOf) }, 201);
}

function datasetIdOf(uploads: readonly ExampleUpload[]): string {
  const ids = new Set(uploads.map(({ fields }) => fields["dataset_id"]));
  const [id] = ids;
  if (ids.size === 1 && typeof id === "string") return id;
  throw new LoopsmithError("invalid", "dataset_id: every example must name the same dataset", {
    hint: "Send the examples of one dataset at a time.",
    details: { field: "dataset_id" },
  });
}

function toWrite(upload: ExampleUpload, fields: z.infer<typeof UploadFields>): ExampleWrite {
  return {
    id: upload.id,
    ...(upload.inputs === undefined ? {} : { inputs: upload.inputs }),
    ...(upload.outputs === undefined ? {} : { outputs: upload.outputs }),
    ...splitMetadata(fields.metadata, fields.split),
    ...(fields.source_run_id ? { sourceRunId: fields.source_run_id } : {}),
    ...(fields.created_at ? { createdAt: fields.created_at } : {}),
    ...(upload.attachments.length > 0 ? { attachments: upload.attachments } : {}),
    ...(upload.attachmentOperations ? { attachmentOperations: upload.attachmentOperations } : {}),
  };
}

function operate(
  example: Example,
  operations: readonly z.infer<typeof Operation>[],
): Pick<ExampleWrite, "metadata" | "splits"> {
  const metadata = new Map<string, Json | undefined>(Object.entries(example.metadata));
  let splits = example.splits;
  for (const { key, operation, value = null, values = [] } of operations) {
    const isSplit = key === SPLIT_KEY;
    const before = isSplit ? splits : stringsOf(metadata.get(key));
    const after = operation === "ARRAY_ADD" ? withAll(before, values) : before.filter((item) => !values.includes(item));
    if (isSplit && operation === "SET") splits = stringsOf(value);
    else if (isSplit) splits = operation === "ARRAY_REMOVE" ? without(before, values) : after;
    else metadata.set(key, operation === "SET" ? value : after);
  }
  return { metadata: Object.fromEntries(metadata), splits };
}

function stringsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
