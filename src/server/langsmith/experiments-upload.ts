import type { Hono } from "hono";
import { z } from "zod";
import { canonicalJson } from "../../internal/canonical-json.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { newId, stableId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { FeedbackWrite, SpanWrite } from "../../model/span-write.ts";
import type { Dataset } from "../../model/dataset.ts";
import { feedbackOf } from "../../wire/ingest-feedback.ts";
import { datasetJson } from "../../wire/langsmith/dataset.ts";
import { sessionJson } from "../../wire/langsmith/session.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { document, needDataset } from "./datasets-lookup.ts";
import { time, uuid } from "./field.ts";

const Score = z.custom<JsonObject>((value) => typeof value === "object" && value !== null, "must be a feedback");

const Row = z.looseObject({
  row_id: uuid.nullish(),
  inputs: document,
  expected_outputs: document.nullish(),
  actual_outputs: document.nullish(),
  evaluation_scores: z.array(Score).nullish(),
  start_time: time,
  end_time: time,
  run_name: z.string().min(1).nullish(),
  error: z.string().nullish(),
  run_metadata: document.nullish(),
});
type Row = z.infer<typeof Row>;

const Body = z.looseObject({
  experiment_name: z.string().min(1),
  experiment_description: z.string().nullish(),
  dataset_id: uuid.nullish(),
  dataset_name: z.string().min(1).nullish(),
  dataset_description: z.string().nullish(),
  summary_experiment_scores: z.array(Score).nullish(),
  results: z.array(Row).min(1),
  experiment_start_time: time,
  experiment_end_time: time,
  experiment_metadata: document.nullish(),
});
type Body = z.infer<typeof Body>;

/** Results of an experiment that was run somewhere else, with the examples it ran on. */
export function experimentUploadRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/datasets/upload-experiment", async (c) => {
    const body = await readJson(c, context, Body);
    const dataset = await datasetOf(context, body);
    // Without an id of its own, a row is the example with its inputs, so that another upload runs on the same.
    const rows = body.results.map((row) => ({
      ...row,
      exampleId: row.row_id ?? stableId("example", dataset.id, canonicalJson(row.inputs)),
    }));
    const project = await store.projectCreate({
      name: body.experiment_name,
      description: body.experiment_description ?? null,
      extra: { metadata: body.experiment_metadata ?? {} },
      referenceDatasetId: dataset.id,
      startAt: body.experiment_start_time,
    });
    await writeMissingExamples(context, dataset.id, rows);
    const feedback: FeedbackWrite[] = (body.summary_experiment_scores ?? []).map((score) =>
      feedbackOf({ ...score, run_id: null, session_id: project.id }, newId()),
    );
    const spans = rows.map((row) => {
      const span = spanOf(row, project.id, body.experiment_name);
      const place = { run_id: span.id, trace_id: span.id, session_id: project.id };
      for (const score of row.evaluation_scores ?? []) feedback.push(feedbackOf({ ...score, ...place }, newId()));
      return span;
    });
    const { touched } = await store.spanIngest({ spans, feedback });
    const experiment = await store.projectUpdate({ id: project.id, endAt: body.experiment_end_time });
    context.notify(touched);
    return c.json({
      dataset: datasetJson(await needDataset(context, dataset.id)),
      experiment: sessionJson(experiment ?? project),
    });
  });
}

async function datasetOf(context: ServerContext, body: Body): Promise<Dataset> {
  if (body.dataset_id) return needDataset(context, body.dataset_id);
  const name = body.dataset_name;
  if (!name) {
    throw new LoopsmithError("invalid", "dataset_id: either dataset_id or dataset_name is needed", {
      hint: "Name the dataset the experiment ran on; it is created when there is none of this name.",
      details: { field: "dataset_id" },
    });
  }
  const { store } = context;
  const known = await store.datasetGet({ name });
  return known ?? store.datasetCreate({ name, description: body.dataset_description ?? null });
}

/** What is there already stays as it is: the experiment ran on it. */
async function writeMissingExamples(
  { store }: ServerContext,
  datasetId: string,
  rows: readonly (Row & { exampleId: string })[],
): Promise<void> {
  const byId = new Map(rows.map((row) => [row.exampleId, row]));
  const ids = [...byId.keys()];
  const known = new Set<string>();
  for (let at = 0; at < ids.length; at += 500) {
    const page = ids.slice(at, at + 500);
    const found = await store.exampleList({ datasetId, ids: page, limit: page.length, offset: 0 });
    for (const { id } of found) known.add(id);
  }
  const examples = [...byId]
    .filter(([id]) => !known.has(id))
    .map(([id, row]) => ({ id, inputs: row.inputs, outputs: row.expected_outputs ?? null }));
  if (examples.length > 0) await store.exampleWrite({ datasetId, examples, createOnly: true });
}

function spanOf(row: Row & { exampleId: string }, projectId: string, experimentName: string): SpanWrite {
  const id = newId();
  const metadata = row.run_metadata ?? {};
  const bytes = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
  return {
    op: "post",
    id,
    traceId: id,
    parentId: null,
    projectId,
    name: row.run_name ?? experimentName,
    kind: "chain",
    startAt: row.start_time,
    endAt: row.end_time,
    inputs: bytes(row.inputs),
    metadata,
    extra: bytes({ metadata }),
    referenceExampleId: row.exampleId,
    ...(row.actual_outputs ? { outputs: bytes(row.actual_outputs) } : {}),
    ...(row.error ? { error: row.error } : {}),
  };
}
