import type { SelectQueryBuilder } from "kysely";
import type { Example, ExampleAttachment } from "../../model/dataset.ts";
import { nextTurn } from "../../internal/next-turn.ts";
import { fromMicros, parseJson, parseObject, toMicros } from "./columns.ts";
import { parseLargeObject } from "./large-json.ts";
import type { ExampleTable } from "./schema-dataset.ts";
import type { Schema } from "./schema.ts";

/** The states that hold now, or held at `asOf`. */
export function validAt<O>(
  query: SelectQueryBuilder<Schema, "example", O>,
  asOf: number | undefined,
): SelectQueryBuilder<Schema, "example", O> {
  if (asOf === undefined) return query.where("valid_to", "is", null);
  const micros = toMicros(asOf);
  return query
    .where("valid_from", "<=", micros)
    .where((eb) => eb.or([eb("valid_to", "is", null), eb("valid_to", ">", micros)]));
}

export function attachmentsOf(text: string): ExampleAttachment[] {
  return JSON.parse(text) as ExampleAttachment[];
}

export function splitsOf(text: string): string[] {
  return parseJson(text) as string[];
}

/** Text parsed before others get their turn: examples may be as large as they like. */
const REST_AFTER_LENGTH = 1_000_000;

export async function toExamples(rows: readonly ExampleTable[]): Promise<Example[]> {
  const examples: Example[] = [];
  let length = 0;
  for (const row of rows) {
    examples.push(await toExamplePaused(row));
    length += row.inputs_json.length + (row.outputs_json?.length ?? 0);
    if (length < REST_AFTER_LENGTH) continue;
    length = 0;
    await nextTurn();
  }
  return examples;
}

/** {@link toExample} that lets others have their turn while a large example is parsed. */
export async function toExamplePaused(row: ExampleTable): Promise<Example> {
  const inputs = await parseLargeObject(row.inputs_json);
  const outputs = row.outputs_json === null ? null : await parseLargeObject(row.outputs_json);
  return { ...toExample({ ...row, inputs_json: "{}", outputs_json: null }), inputs, outputs };
}

export function toExample(row: ExampleTable): Example {
  return {
    id: row.id,
    datasetId: row.dataset_id,
    inputs: parseObject(row.inputs_json),
    outputs: row.outputs_json === null ? null : parseObject(row.outputs_json),
    metadata: parseObject(row.metadata_json),
    splits: splitsOf(row.splits_json),
    sourceRunId: row.source_run_id,
    createdAt: fromMicros(row.created_at),
    modifiedAt: fromMicros(row.valid_from),
    attachments: attachmentsOf(row.attachments_json),
  };
}
