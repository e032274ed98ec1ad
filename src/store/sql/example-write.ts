import type { Kysely } from "kysely";
import { nextTurn } from "../../internal/next-turn.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { ExampleAttachment } from "../../model/dataset.ts";
import type { DatasetStore, ExampleWrite } from "../resource/dataset.ts";
import { chunksOf, fromMicros, toMicros } from "./columns.ts";
import { newDataset } from "./dataset.ts";
import type { Database } from "./database.ts";
import { attachmentsOf, toExample } from "./example-row.ts";
import { largeJsonOrNull } from "./large-json.ts";
import type { ExampleTable } from "./schema-dataset.ts";
import type { Schema } from "./schema.ts";

type WriteMethods = Pick<DatasetStore, "exampleWrite" | "exampleRevise" | "exampleEnsure" | "exampleDelete">;

const BASE_SPLIT = "base";
/** Ids in one statement; both databases cap bound parameters. */
const ID_CHUNK = 500;
/** Rows in one statement: 12 columns each. */
const ROW_CHUNK = 50;
/** Text written before others get their turn, and what an example costs beside its own. */
const REST_AFTER_BYTES = 1_000_000;
const ROW_COST = 2000;

interface WriteMode {
  asOf: number;
  createOnly?: boolean;
  updateOnly?: boolean;
}

export function exampleWriteStore(db: Database): WriteMethods {
  return {
    exampleWrite({ datasetId, examples, createOnly = false, updateOnly = false }) {
      return db.write(async ({ query }) => {
        const asOf = await nextVersion(query, datasetId, db.now());
        const ids = await writeExamples(query, datasetId, examples, { asOf, createOnly, updateOnly });
        return { ids, asOf: fromMicros(asOf) };
      });
    },

    exampleRevise({ datasetId, ids, revise }) {
      return db.write(async ({ query }) => {
        await holdDataset(query, datasetId);
        const rows: ExampleTable[] = [];
        for (const chunk of chunksOf(ids, ID_CHUNK)) {
          const found = await query
            .selectFrom("example")
            .selectAll()
            .where("dataset_id", "=", datasetId)
            .where("id", "in", chunk)
            .where("valid_to", "is", null)
            .execute();
          rows.push(...found);
        }
        const changes = rows.flatMap((row) => {
          const change = revise(toExample(row));
          return change === null ? [] : [{ ...change, id: row.id }];
        });
        const found = rows.map((row) => row.id);
        if (changes.length === 0) return { ids: found, asOf: null };
        const asOf = await nextVersion(query, datasetId, db.now());
        await writeExamples(query, datasetId, changes, { asOf });
        return { ids: found, asOf: fromMicros(asOf) };
      });
    },

    exampleEnsure({ id, datasetName, split, ...example }) {
      return db.write(async ({ query }) => {
        const seen = await query.selectFrom("example").select("id").where("id", "=", id).executeTakeFirst();
        if (seen) return;
        let dataset = await query.selectFrom("dataset").select("id").where("name", "=", datasetName).executeTakeFirst();
        if (!dataset) {
          const row = newDataset({ name: datasetName }, db.now());
          await query.insertInto("dataset").values(row).execute();
          dataset = row;
        }
        const asOf = await nextVersion(query, dataset.id, db.now());
        const write = { id, ...example, ...(split === undefined ? {} : { splits: [split] }) };
        await writeExamples(query, dataset.id, [write], { asOf, createOnly: true });
      });
    },

    exampleDelete({ ids, datasetId, hard = false }) {
      return db.write(async ({ query }) => {
        const deleted: string[] = [];
        for (const chunk of chunksOf(ids, ID_CHUNK)) deleted.push(...(await deleteExamples(query, chunk)));
        return deleted;
      });

      async function deleteExamples(query: Kysely<Schema>, chunk: readonly string[]): Promise<string[]> {
        let select = query
          .selectFrom("example")
          .select(["id", "dataset_id"])
          .where("id", "in", [...chunk]);
        if (datasetId !== undefined) select = select.where("dataset_id", "=", datasetId);
        const rows = await select.where("valid_to", "is", null).execute();
        const live = rows.map((row) => row.id);
        for (const owner of new Set(rows.map((row) => row.dataset_id))) {
          const asOf = await nextVersion(query, owner, db.now());
          await query
            .updateTable("example")
            .set({ valid_to: asOf })
            .where("dataset_id", "=", owner)
            .where("id", "in", live)
            .where("valid_to", "is", null)
            .execute();
        }
        if (!hard) return live;
        // What was only removed from the newest version goes for good as well.
        let doomed = query
          .selectFrom("example")
          .select("id")
          .where("id", "in", [...chunk]);
        if (datasetId !== undefined) doomed = doomed.where("dataset_id", "=", datasetId);
        const gone = [...new Set((await doomed.execute()).map((row) => row.id))];
        if (gone.length === 0) return [];
        await query.deleteFrom("example_attachment").where("example_id", "in", gone).execute();
        await query.deleteFrom("example").where("id", "in", gone).execute();
        return gone;
      }
    },
  };
}

/** Makes other writers of the dataset wait until this transaction is over. */
async function holdDataset(query: Kysely<Schema>, datasetId: string): Promise<void> {
  // Writing a row, if only itself, locks it on every database.
  const held = await query
    .updateTable("dataset")
    .set((row) => ({ modified_at: row.ref("modified_at") }))
    .where("id", "=", datasetId)
    .executeTakeFirst();
  if (held.numUpdatedRows > 0n) return;
  throw new LoopsmithError("not_found", `Dataset ${datasetId} not found`, { hint: "Create the dataset first." });
}

/** Versions of a dataset are strictly later than each other, so that "as of" tells any two apart. */
async function nextVersion(query: Kysely<Schema>, datasetId: string, now: number): Promise<number> {
  await holdDataset(query, datasetId);
  const last = await query
    .selectFrom("dataset_version")
    .select(({ fn }) => fn.max<number | null>("as_of").as("as_of"))
    .where("dataset_id", "=", datasetId)
    .executeTakeFirstOrThrow();
  const asOf = Math.max(toMicros(now), (last.as_of ?? 0) + 1);
  await query.insertInto("dataset_version").values({ dataset_id: datasetId, as_of: asOf }).execute();
  await query.updateTable("dataset").set({ modified_at: asOf }).where("id", "=", datasetId).execute();
  return asOf;
}

/** Every example's next state. Rests between pieces: a large request must not hold up everybody else's reads. */
async function writeExamples(
  query: Kysely<Schema>,
  datasetId: string,
  examples: readonly ExampleWrite[],
  mode: WriteMode,
): Promise<string[]> {
  const ids = examples.map((example) => example.id ?? newId());
  const stored = await liveStates(query, ids);
  const next = new Map<string, ExampleTable>();
  let bytes = 0;
  for (const [position, example] of examples.entries()) {
    const id = ids[position] ?? "";
    const row = await nextState(query, datasetId, { ...example, id }, position, next.get(id) ?? stored.get(id), mode);
    next.set(id, row);
    bytes += row.inputs_json.length + (row.outputs_json?.length ?? 0) + ROW_COST;
    if (bytes > REST_AFTER_BYTES) {
      bytes = 0;
      await nextTurn();
    }
  }
  const replaced = [...next.keys()].filter((id) => stored.has(id));
  for (const chunk of chunksOf(replaced, ID_CHUNK)) {
    await query
      .updateTable("example")
      .set({ valid_to: mode.asOf })
      .where("id", "in", chunk)
      .where("valid_to", "is", null)
      .execute();
  }
  for (const chunk of chunksOf([...next.values()], ROW_CHUNK)) {
    await query.insertInto("example").values(chunk).execute();
    await nextTurn();
  }
  return ids;
}

async function liveStates(query: Kysely<Schema>, ids: readonly string[]): Promise<Map<string, ExampleTable>> {
  const states = new Map<string, ExampleTable>();
  for (const chunk of chunksOf(ids, ID_CHUNK)) {
    const rows = await query
      .selectFrom("example")
      .selectAll()
      .where("id", "in", chunk)
      .where("valid_to", "is", null)
      .execute();
    for (const row of rows) states.set(row.id, row);
  }
  return states;
}

async function nextState(
  query: Kysely<Schema>,
  datasetId: string,
  write: ExampleWrite & { id: string },
  position: number,
  before: ExampleTable | undefined,
  mode: WriteMode,
): Promise<ExampleTable> {
  assertWritable(write.id, datasetId, before, mode);
  const known = before ? attachmentsOf(before.attachments_json) : [];
  const attachments = await storeAttachments(query, write.id, write, known);
  return {
    id: write.id,
    valid_from: mode.asOf,
    valid_to: null,
    dataset_id: datasetId,
    inputs_json: (await largeJsonOrNull(write.inputs)) ?? before?.inputs_json ?? "{}",
    outputs_json: write.outputs === undefined ? (before?.outputs_json ?? null) : await largeJsonOrNull(write.outputs),
    metadata_json: (await largeJsonOrNull(write.metadata)) ?? before?.metadata_json ?? "{}",
    splits_json: JSON.stringify(write.splits ?? (before ? JSON.parse(before.splits_json) : [BASE_SPLIT])),
    source_run_id: write.sourceRunId === undefined ? (before?.source_run_id ?? null) : write.sourceRunId,
    created_at: before?.created_at ?? (write.createdAt === undefined ? mode.asOf : toMicros(write.createdAt)),
    position: before?.position ?? position,
    attachments_json: JSON.stringify(attachments),
  };
}

function assertWritable(id: string, datasetId: string, before: ExampleTable | undefined, mode: WriteMode): void {
  if (!before) {
    if (!mode.updateOnly) return;
    throw new LoopsmithError("not_found", `Example ${id} not found`, { hint: "Create it first, or check the id." });
  }
  if (mode.createOnly) {
    throw new LoopsmithError("conflict", `Example ${id} already exists`, {
      hint: "Update it instead, or leave out the id.",
    });
  }
  if (before.dataset_id !== datasetId) {
    throw new LoopsmithError("conflict", `Example ${id} belongs to another dataset, ${before.dataset_id}`, {
      hint: "Send the examples of one dataset at a time.",
    });
  }
}

async function storeAttachments(
  query: Kysely<Schema>,
  exampleId: string,
  write: ExampleWrite,
  before: readonly ExampleAttachment[],
): Promise<ExampleAttachment[]> {
  const attachments = keptAttachments(write, before);
  for (const { name, mimeType, bytes } of write.attachments ?? []) {
    const contentId = newId();
    await query
      .insertInto("example_attachment")
      .values({ content_id: contentId, example_id: exampleId, mime_type: mimeType, bytes })
      .execute();
    const stored = { name, mimeType, byteLength: bytes.byteLength, contentId };
    const at = attachments.findIndex((candidate) => candidate.name === name);
    if (at === -1) attachments.push(stored);
    else attachments[at] = stored;
  }
  return attachments;
}

/** What stays of the attachments there are, under their new names. */
function keptAttachments(write: ExampleWrite, before: readonly ExampleAttachment[]): ExampleAttachment[] {
  const operations = write.attachmentOperations;
  // As LangSmith has it: new attachments replace all, unless operations say what to keep.
  if (!operations) return write.attachments?.length ? [] : [...before];
  const retain = new Set(operations.retain ?? []);
  const rename = new Map(Object.entries(operations.rename ?? {}));
  const kept = before.filter(({ name }) => retain.has(name) || rename.has(name));
  return kept.map((item) => ({ ...item, name: rename.get(item.name) ?? item.name }));
}
