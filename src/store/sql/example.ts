import type { Kysely, SelectQueryBuilder } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { DatasetStore, ExampleRow, ExampleWrite } from "../resource/dataset.ts";
import { fromMicros, parseJson, parseObject, toMicros } from "./columns.ts";
import { holds, newDataset } from "./dataset.ts";
import type { Database } from "./database.ts";
import type { ExampleTable, Schema } from "./schema.ts";

type ExampleMethods = Pick<DatasetStore, Extract<keyof DatasetStore, `example${string}`>>;

interface StoredAttachment {
  name: string;
  mimeType: string;
  byteLength: number;
  contentId: string;
}

const BASE_SPLIT = "base";

export function exampleStore(db: Database): ExampleMethods {
  return {
    exampleWrite({ datasetId, examples, createOnly = false }) {
      return db.write(async ({ query }) => {
        const asOf = await nextVersion(query, datasetId, db.now());
        const ids: string[] = [];
        for (const [position, example] of examples.entries()) {
          ids.push(await writeExample(query, datasetId, example, { asOf, position, createOnly }));
        }
        return { ids, asOf: fromMicros(asOf) };
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
        await writeExample(query, dataset.id, write, { asOf, position: 0, createOnly: true });
      });
    },

    async exampleGet({ id, asOf }) {
      const row = await validAt(db.read.selectFrom("example").selectAll(), asOf)
        .where("id", "=", id)
        .executeTakeFirst();
      return row ? toExample(row) : null;
    },

    async exampleList(params) {
      let query = validAt(db.read.selectFrom("example").selectAll(), params.asOf);
      if (params.datasetId !== undefined) query = query.where("dataset_id", "=", params.datasetId);
      if (params.ids) query = query.where("id", "in", [...params.ids]);
      const direction = params.order === "oldest" ? "asc" : "desc";
      query = query.orderBy("created_at", direction).orderBy("position").orderBy("id");
      const { splits, metadata } = params;
      if (!splits && !metadata) query = query.limit(params.limit).offset(params.offset);
      const rows = (await query.execute()).map(toExample);
      if (!splits && !metadata) return rows;
      return rows
        .filter((row) => !splits || row.splits.some((split) => splits.includes(split)))
        .filter((row) => !metadata || holds(row.metadata, metadata))
        .slice(params.offset, params.offset + params.limit);
    },

    async exampleCount({ datasetId, splits, asOf }) {
      const rows = await validAt(db.read.selectFrom("example").select("splits_json"), asOf)
        .where("dataset_id", "=", datasetId)
        .execute();
      if (!splits) return rows.length;
      return rows.filter((row) => (parseJson(row.splits_json) as string[]).some((split) => splits.includes(split)))
        .length;
    },

    exampleDelete({ ids, hard = false }) {
      return db.write(async ({ query }) => {
        const rows = await query
          .selectFrom("example")
          .select(["id", "dataset_id"])
          .where("id", "in", [...ids])
          .where("valid_to", "is", null)
          .execute();
        for (const datasetId of new Set(rows.map((row) => row.dataset_id))) {
          const asOf = await nextVersion(query, datasetId, db.now());
          await query
            .updateTable("example")
            .set({ valid_to: asOf })
            .where("dataset_id", "=", datasetId)
            .where("id", "in", [...ids])
            .where("valid_to", "is", null)
            .execute();
        }
        if (hard) {
          await query
            .deleteFrom("example_attachment")
            .where("example_id", "in", [...ids])
            .execute();
          await query
            .deleteFrom("example")
            .where("id", "in", [...ids])
            .execute();
        }
        return rows.length;
      });
    },

    async exampleSplits({ datasetId, asOf }) {
      const rows = await validAt(db.read.selectFrom("example").select("splits_json"), asOf)
        .where("dataset_id", "=", datasetId)
        .execute();
      const splits = new Set(rows.flatMap((row) => parseJson(row.splits_json) as string[]));
      return [...splits].sort();
    },

    async exampleAttachmentGet({ exampleId, name }) {
      const row = await db.read
        .selectFrom("example")
        .select("attachments_json")
        .where("id", "=", exampleId)
        .orderBy("valid_from", "desc")
        .limit(1)
        .executeTakeFirst();
      const attachment = row && attachmentsOf(row.attachments_json).find((candidate) => candidate.name === name);
      if (!attachment) return null;
      const content = await db.read
        .selectFrom("example_attachment")
        .select("bytes")
        .where("content_id", "=", attachment.contentId)
        .executeTakeFirst();
      return content ? { mimeType: attachment.mimeType, bytes: content.bytes } : null;
    },
  };
}

function validAt<O>(
  query: SelectQueryBuilder<Schema, "example", O>,
  asOf: number | undefined,
): SelectQueryBuilder<Schema, "example", O> {
  if (asOf === undefined) return query.where("valid_to", "is", null);
  const micros = toMicros(asOf);
  return query
    .where("valid_from", "<=", micros)
    .where((eb) => eb.or([eb("valid_to", "is", null), eb("valid_to", ">", micros)]));
}

/** Versions of a dataset are strictly later than each other, so that "as of" tells any two apart. */
async function nextVersion(query: Kysely<Schema>, datasetId: string, now: number): Promise<number> {
  const dataset = await query.selectFrom("dataset").select("id").where("id", "=", datasetId).executeTakeFirst();
  if (!dataset) {
    throw new LoopsmithError("not_found", `Dataset ${datasetId} not found`, { hint: "Create the dataset first." });
  }
  const last = await query
    .selectFrom("dataset_version")
    .select(({ fn }) => fn.max<number | null>("as_of").as("as_of"))
    .where("dataset_id", "=", datasetId)
    .executeTakeFirstOrThrow();
  const asOf = Math.max(toMicros(now), Number(last.as_of ?? 0) + 1);
  await query.insertInto("dataset_version").values({ dataset_id: datasetId, as_of: asOf }).execute();
  await query.updateTable("dataset").set({ modified_at: asOf }).where("id", "=", datasetId).execute();
  return asOf;
}

async function writeExample(
  query: Kysely<Schema>,
  datasetId: string,
  write: ExampleWrite,
  { asOf, position, createOnly }: { asOf: number; position: number; createOnly: boolean },
): Promise<string> {
  const id = write.id ?? newId();
  const before = await query
    .selectFrom("example")
    .selectAll()
    .where("id", "=", id)
    .where("valid_to", "is", null)
    .executeTakeFirst();
  if (before && createOnly) {
    throw new LoopsmithError("conflict", `Example ${id} already exists`, {
      hint: "Update it instead, or leave out the id.",
    });
  }
  const attachments = await storeAttachments(query, id, write, before ? attachmentsOf(before.attachments_json) : []);
  if (before) {
    await query
      .updateTable("example")
      .set({ valid_to: asOf })
      .where("id", "=", id)
      .where("valid_to", "is", null)
      .execute();
  }
  const outputs =
    write.outputs === undefined ? (before?.outputs_json ?? null) : write.outputs && JSON.stringify(write.outputs);
  const row: ExampleTable = {
    id,
    valid_from: asOf,
    valid_to: null,
    dataset_id: before?.dataset_id ?? datasetId,
    inputs_json: write.inputs === undefined ? (before?.inputs_json ?? "{}") : JSON.stringify(write.inputs),
    outputs_json: outputs,
    metadata_json: write.metadata === undefined ? (before?.metadata_json ?? "{}") : JSON.stringify(write.metadata),
    splits_json:
      write.splits === undefined ? (before?.splits_json ?? JSON.stringify([BASE_SPLIT])) : JSON.stringify(write.splits),
    source_run_id: write.sourceRunId === undefined ? (before?.source_run_id ?? null) : write.sourceRunId,
    created_at: before?.created_at ?? (write.createdAt === undefined ? asOf : toMicros(write.createdAt)),
    position: before?.position ?? position,
    attachments_json: JSON.stringify(attachments),
  };
  await query.insertInto("example").values(row).execute();
  return id;
}

async function storeAttachments(
  query: Kysely<Schema>,
  exampleId: string,
  write: ExampleWrite,
  before: readonly StoredAttachment[],
): Promise<StoredAttachment[]> {
  const { retain, rename = {} } = write.attachmentOperations ?? {};
  const renamed = new Map(Object.entries(rename));
  // Naming what to keep or rename means that everything else goes, as LangSmith has it.
  const kept = write.attachmentOperations
    ? before.filter(({ name }) => retain?.includes(name) || renamed.has(name))
    : [...before];
  const byName = new Map(kept.map((item) => [renamed.get(item.name) ?? item.name, item]));
  const attachments = [...byName].map(([name, item]): StoredAttachment => ({ ...item, name }));
  for (const { name, mimeType, bytes } of write.attachments ?? []) {
    const contentId = newId();
    await query
      .insertInto("example_attachment")
      .values({ content_id: contentId, example_id: exampleId, mime_type: mimeType, bytes })
      .execute();
    const stored: StoredAttachment = { name, mimeType, byteLength: bytes.byteLength, contentId };
    const at = attachments.findIndex((candidate) => candidate.name === name);
    if (at === -1) attachments.push(stored);
    else attachments[at] = stored;
  }
  return attachments;
}

function attachmentsOf(text: string): StoredAttachment[] {
  return JSON.parse(text) as StoredAttachment[];
}

function toExample(row: ExampleTable): ExampleRow {
  return {
    id: row.id,
    datasetId: row.dataset_id,
    inputs: parseObject(row.inputs_json),
    outputs: row.outputs_json === null ? null : parseObject(row.outputs_json),
    metadata: parseObject(row.metadata_json),
    splits: parseJson(row.splits_json) as string[],
    sourceRunId: row.source_run_id,
    createdAt: fromMicros(row.created_at),
    modifiedAt: fromMicros(row.valid_from),
    attachments: attachmentsOf(row.attachments_json).map(({ name, mimeType, byteLength }) => ({
      name,
      mimeType,
      byteLength,
    })),
  };
}
