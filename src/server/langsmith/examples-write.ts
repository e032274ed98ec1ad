import type { Hono } from "hono";
import { z } from "zod";
import type { Example } from "../../model/dataset.ts";
import type { ExampleWrite } from "../../store/resource/dataset.ts";
import { attachmentOperations } from "../../wire/example-upload.ts";
import { exampleJson, splitMetadata } from "../../wire/langsmith/example.ts";
import { largeJson } from "../json-text.ts";
import { readJson, readQuery } from "../read-json.ts";
import { readJsonList } from "../read-json-list.ts";
import type { ServerContext } from "../server-context.ts";
import { document, needDataset } from "./datasets-lookup.ts";
import { assertExamples } from "./examples-checked.ts";
import { fromSourceRun } from "./examples-from-run.ts";
import { exampleContext, exampleNotFound, examplesResponse } from "./examples-read.ts";
import { time, uuid } from "./field.ts";

const fields = {
  inputs: document.nullish(),
  outputs: document.nullish(),
  metadata: document.nullish(),
  split: z.union([z.string(), z.array(z.string())]).nullish(),
};
/** An example as the JSON routes take it; `CreateFields` is what multipart bodies share with them. */
export const CreateFields = z.looseObject({
  metadata: fields.metadata,
  split: fields.split,
  created_at: time.nullish(),
  source_run_id: uuid.nullish(),
  use_source_run_io: z.boolean().nullish(),
  use_source_run_attachments: z.array(z.string()).nullish(),
});
const CreateBody = CreateFields.extend({ ...fields, id: uuid.nullish(), dataset_id: uuid });
const UpdateBody = z.looseObject({
  ...fields,
  dataset_id: uuid.nullish(),
  attachments_operations: document.nullish(),
});
const BulkUpdateBody = UpdateBody.extend({ id: uuid });
/** Examples read at a time. */
const PAGE = 100;

const DeleteQuery = z.object({ example_ids: z.array(uuid) });

/** Creating, changing and removing examples by JSON; attachments come by `platform-examples.ts`. */
export function exampleWriteRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/examples", async (c) => {
    const body = await readJson(c, context, CreateBody);
    const [id = ""] = await createExamples(context, [body]);
    const example = await store.exampleGet({ id });
    if (!example) throw exampleNotFound(id);
    const writing = await exampleContext(c, context, [example]);
    return largeJson(exampleJson(example, writing(example)));
  });

  app.post("/examples/bulk", async (c) => {
    const ids = await createExamples(context, await readJsonList(c, context, CreateBody));
    return examplesResponse(c, context, byPage(context, ids));
  });

  app.patch("/examples/bulk", async (c) => {
    const bodies = await readJsonList(c, context, BulkUpdateBody);
    await updateExamples(context, bodies);
    return c.json({ message: `${bodies.length} examples updated` });
  });

  app.patch("/examples/:id", async (c) => {
    const body = await readJson(c, context, UpdateBody);
    await updateExamples(context, [{ ...body, id: c.req.param("id").toLowerCase() }]);
    return c.json({ message: "Example updated" });
  });

  app.post("/examples/validate", async (c) => {
    const body = await readJson(c, context, CreateBody);
    assertExamples(await needDataset(context, body.dataset_id), [toWrite(body)], true);
    return c.json(body);
  });

  app.post("/examples/validate/bulk", async (c) => {
    const bodies = await readJsonList(c, context, CreateBody);
    for (const [id, group] of byDataset(bodies))
      assertExamples(await needDataset(context, id), group.map(toWrite), true);
    return c.json(bodies);
  });

  app.delete("/examples/:id", async (c) => {
    const id = c.req.param("id").toLowerCase();
    const [deleted] = await store.exampleDelete({ ids: [id] });
    if (!deleted) throw exampleNotFound(id);
    return c.json({ message: "deleted" });
  });

  app.delete("/examples", async (c) => {
    const { example_ids: ids } = readQuery(c, DeleteQuery);
    await store.exampleDelete({ ids });
    return c.json({ message: "deleted" });
  });
}

/** Examples in the order of their ids. */
export async function* byPage({ store }: ServerContext, ids: readonly string[]): AsyncGenerator<Example[]> {
  for (let at = 0; at < ids.length; at += PAGE) {
    const slice = ids.slice(at, at + PAGE);
    const rows = await store.exampleList({ ids: slice, limit: PAGE, offset: 0 });
    const byId = new Map(rows.map((row) => [row.id, row]));
    yield slice.flatMap((id) => byId.get(id) ?? []);
  }
}

/** Ids in the order of the bodies. */
async function createExamples(context: ServerContext, bodies: z.infer<typeof CreateBody>[]): Promise<string[]> {
  const ids = new Map<unknown, string>();
  for (const [datasetId, group] of byDataset(bodies)) {
    const dataset = await needDataset(context, datasetId);
    const examples: ExampleWrite[] = [];
    for (const body of group) examples.push(await fromSourceRun(context, toWrite(body), sourceOf(body)));
    assertExamples(dataset, examples, true);
    const written = await context.store.exampleWrite({ datasetId, examples, createOnly: true });
    for (const [index, body] of group.entries()) ids.set(body, written.ids[index] ?? "");
  }
  return bodies.map((body) => ids.get(body) ?? "");
}

async function updateExamples(context: ServerContext, bodies: z.infer<typeof BulkUpdateBody>[]): Promise<void> {
  const placed: (z.infer<typeof BulkUpdateBody> & { dataset_id: string })[] = [];
  for (const body of bodies) {
    const datasetId = body.dataset_id ?? (await context.store.exampleGet({ id: body.id }))?.datasetId;
    if (datasetId === undefined) throw exampleNotFound(body.id);
    placed.push({ ...body, dataset_id: datasetId });
  }
  for (const [datasetId, group] of byDataset(placed)) {
    const examples = group.map(toWrite);
    assertExamples(await needDataset(context, datasetId), examples, false);
    await context.store.exampleWrite({ datasetId, examples, updateOnly: true });
  }
}

function byDataset<T extends { dataset_id: string }>(bodies: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const body of bodies) {
    const group = groups.get(body.dataset_id);
    if (group) group.push(body);
    else groups.set(body.dataset_id, [body]);
  }
  return groups;
}

type Fields = Partial<z.infer<typeof CreateBody>> & Pick<z.infer<typeof UpdateBody>, "attachments_operations">;

function toWrite(body: Fields): ExampleWrite {
  return {
    ...(body.id ? { id: body.id.toLowerCase() } : {}),
    // Null is how clients leave a field out.
    ...(body.inputs ? { inputs: body.inputs } : {}),
    ...(body.outputs ? { outputs: body.outputs } : {}),
    ...splitMetadata(body.metadata, body.split),
    ...(body.source_run_id ? { sourceRunId: body.source_run_id } : {}),
    ...(body.created_at ? { createdAt: body.created_at } : {}),
    ...(body.attachments_operations ? { attachmentOperations: attachmentOperations(body.attachments_operations) } : {}),
  };
}

export function sourceOf(body: z.infer<typeof CreateFields>): Parameters<typeof fromSourceRun>[2] {
  return {
    sourceRunId: body.source_run_id ?? null,
    useSourceRunIo: body.use_source_run_io ?? false,
    useSourceRunAttachments: body.use_source_run_attachments ?? [],
  };
}
