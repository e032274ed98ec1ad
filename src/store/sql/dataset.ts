import { sql, type Kysely } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { DatasetRow, DatasetStore, DatasetVersionRow } from "../resource/dataset.ts";
import { containsPattern, fromMicros, jsonOrNull, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { DatasetTable, Schema } from "./schema.ts";

type DatasetMethods = Pick<DatasetStore, Extract<keyof DatasetStore, `dataset${string}`>>;

export function datasetStore(db: Database): DatasetMethods {
  const versionRow = async (datasetId: string, asOf: number): Promise<DatasetVersionRow> => {
    const tags = await db.read
      .selectFrom("dataset_tag")
      .select("tag")
      .where("dataset_id", "=", datasetId)
      .where("as_of", "=", asOf)
      .orderBy("tag")
      .execute();
    return { asOf: fromMicros(asOf), tags: tags.map((row) => row.tag) };
  };
  const newestAt = async (query: Kysely<Schema>, datasetId: string, asOf?: number): Promise<number | null> => {
    let select = query.selectFrom("dataset_version").select("as_of").where("dataset_id", "=", datasetId);
    if (asOf !== undefined) select = select.where("as_of", "<=", toMicros(asOf));
    const row = await select.orderBy("as_of", "desc").limit(1).executeTakeFirst();
    return row?.as_of ?? null;
  };

  return {
    datasetCreate(params) {
      return db.write(async ({ query }) => {
        const row = newDataset(params, db.now());
        await assertNameFree(query, row.name);
        await query.insertInto("dataset").values(row).execute();
        await query.insertInto("dataset_version").values({ dataset_id: row.id, as_of: row.created_at }).execute();
        return toDataset(row, 0, 0);
      });
    },

    async datasetGet(params) {
      const query = db.read.selectFrom("dataset").selectAll();
      const row = await (
        "id" in params
          ? query.where("id", "=", params.id)
          : "name" in params
            ? query.where("name", "=", params.name)
            : query.where("share_token", "=", params.shareToken)
      ).executeTakeFirst();
      return row ? counted(db, row) : null;
    },

    async datasetList(params) {
      let query = db.read.selectFrom("dataset").selectAll();
      if (params.ids) query = query.where("id", "in", [...params.ids]);
      if (params.name !== undefined) query = query.where("name", "=", params.name);
      if (params.dataTypes) query = query.where("data_type", "in", [...params.dataTypes]);
      if (params.nameContains !== undefined) {
        const pattern = containsPattern(params.nameContains.toLowerCase());
        query = query.where(sql<boolean>`lower(name) like ${pattern} escape '\\'`);
      }
      query = query.orderBy("created_at", "desc").orderBy("id");
      if (!params.metadata) query = query.limit(params.limit).offset(params.offset);
      let rows = await query.execute();
      if (params.metadata) {
        const wanted = params.metadata;
        rows = rows
          .filter((row) => holds(parseObject(row.metadata_json), wanted))
          .slice(params.offset, params.offset + params.limit);
      }
      return Promise.all(rows.map((row) => counted(db, row)));
    },

    async datasetUpdate(params) {
      const updated = await db.write(async ({ query }) => {
        const row = await query.selectFrom("dataset").selectAll().where("id", "=", params.id).executeTakeFirst();
        if (!row) return null;
        if (params.name !== undefined && params.name !== row.name) await assertNameFree(query, params.name);
        const next: DatasetTable = {
          ...row,
          name: params.name ?? row.name,
          description: params.description === undefined ? row.description : params.description,
          metadata_json: params.metadata === undefined ? row.metadata_json : JSON.stringify(params.metadata),
          inputs_schema_json:
            params.inputsSchema === undefined ? row.inputs_schema_json : jsonOrNull(params.inputsSchema),
          outputs_schema_json:
            params.outputsSchema === undefined ? row.outputs_schema_json : jsonOrNull(params.outputsSchema),
          share_token: params.shareToken === undefined ? row.share_token : params.shareToken,
          modified_at: toMicros(db.now()),
        };
        await query.updateTable("dataset").set(next).where("id", "=", params.id).execute();
        return next;
      });
      return updated ? counted(db, updated) : null;
    },

    datasetDelete({ id }) {
      return db.write(async ({ query }) => {
        const examples = query.selectFrom("example").select("id").where("dataset_id", "=", id);
        await query.deleteFrom("example_attachment").where("example_id", "in", examples).execute();
        await query.deleteFrom("example").where("dataset_id", "=", id).execute();
        await query.deleteFrom("dataset_tag").where("dataset_id", "=", id).execute();
        await query.deleteFrom("dataset_version").where("dataset_id", "=", id).execute();
        const result = await query.deleteFrom("dataset").where("id", "=", id).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },

    async datasetVersionList({ datasetId, limit, offset }) {
      const rows = await db.read
        .selectFrom("dataset_version")
        .select("as_of")
        .where("dataset_id", "=", datasetId)
        .orderBy("as_of", "desc")
        .limit(limit)
        .offset(offset)
        .execute();
      return Promise.all(rows.map((row) => versionRow(datasetId, row.as_of)));
    },

    async datasetVersionGet({ datasetId, asOf, tag }) {
      if (tag !== undefined && tag !== "latest") {
        const row = await db.read
          .selectFrom("dataset_tag")
          .select("as_of")
          .where("dataset_id", "=", datasetId)
          .where("tag", "=", tag)
          .executeTakeFirst();
        return row ? versionRow(datasetId, row.as_of) : null;
      }
      const found = await newestAt(db.read, datasetId, asOf);
      return found === null ? null : versionRow(datasetId, found);
    },

    async datasetVersionTag({ datasetId, asOf, tag }) {
      const found = await db.write(async ({ query }) => {
        const version = await newestAt(query, datasetId, asOf);
        if (version === null) return null;
        await query
          .insertInto("dataset_tag")
          .values({ dataset_id: datasetId, tag, as_of: version })
          .onConflict((conflict) => conflict.columns(["dataset_id", "tag"]).doUpdateSet({ as_of: version }))
          .execute();
        return version;
      });
      return found === null ? null : versionRow(datasetId, found);
    },

    async datasetVersionDiff({ datasetId, from, to }) {
      const at = async (asOf: number): Promise<Map<string, number>> => {
        const micros = toMicros(asOf);
        const rows = await db.read
          .selectFrom("example")
          .select(["id", "valid_from"])
          .where("dataset_id", "=", datasetId)
          .where("valid_from", "<=", micros)
          .where((eb) => eb.or([eb("valid_to", "is", null), eb("valid_to", ">", micros)]))
          .orderBy("created_at")
          .orderBy("position")
          .execute();
        return new Map(rows.map((row) => [row.id, row.valid_from]));
      };
      const [before, after] = await Promise.all([at(from), at(to)]);
      return {
        added: [...after.keys()].filter((id) => !before.has(id)),
        modified: [...after].filter(([id, since]) => before.has(id) && before.get(id) !== since).map(([id]) => id),
        removed: [...before.keys()].filter((id) => !after.has(id)),
      };
    },
  };
}

export function newDataset(params: Parameters<DatasetStore["datasetCreate"]>[0], now: number): DatasetTable {
  return {
    id: params.id ?? newId(),
    name: params.name,
    description: params.description ?? null,
    data_type: params.dataType ?? "kv",
    metadata_json: JSON.stringify(params.metadata ?? {}),
    inputs_schema_json: jsonOrNull(params.inputsSchema),
    outputs_schema_json: jsonOrNull(params.outputsSchema),
    created_at: toMicros(params.createdAt ?? now),
    modified_at: toMicros(params.createdAt ?? now),
    share_token: null,
  };
}

/** Whether every wanted pair stands in the metadata. */
export function holds(metadata: JsonObject, wanted: JsonObject): boolean {
  return Object.entries(wanted).every(([key, value]) => JSON.stringify(metadata[key]) === JSON.stringify(value));
}

async function assertNameFree(query: Kysely<Schema>, name: string): Promise<void> {
  const taken = await query.selectFrom("dataset").select("id").where("name", "=", name).executeTakeFirst();
  if (!taken) return;
  throw new LoopsmithError("conflict", `Dataset with name "${name}" already exists`, {
    hint: "Choose another name, or use the dataset there is.",
  });
}

async function counted(db: Database, row: DatasetTable): Promise<DatasetRow> {
  const [examples, projects] = await Promise.all([
    db.read
      .selectFrom("example")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("dataset_id", "=", row.id)
      .where("valid_to", "is", null)
      .executeTakeFirstOrThrow(),
    db.read
      .selectFrom("project")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("reference_dataset_id", "=", row.id)
      .executeTakeFirstOrThrow(),
  ]);
  return toDataset(row, Number(examples.count), Number(projects.count));
}

function toDataset(row: DatasetTable, exampleCount: number, projectCount: number): DatasetRow {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    dataType: row.data_type,
    metadata: parseObject(row.metadata_json),
    inputsSchema: row.inputs_schema_json === null ? null : parseObject(row.inputs_schema_json),
    outputsSchema: row.outputs_schema_json === null ? null : parseObject(row.outputs_schema_json),
    createdAt: fromMicros(row.created_at),
    modifiedAt: fromMicros(row.modified_at),
    exampleCount,
    projectCount,
    shareToken: row.share_token,
  };
}
