import { sql, type Kysely, type SelectQueryBuilder } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Dataset } from "../../model/dataset.ts";
import type { DatasetSort, DatasetStore } from "../resource/dataset.ts";
import { containsPattern, fromMicros, ifGiven, jsonOrNull, parseObject, toJson, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { DatasetTable } from "./schema-dataset.ts";
import type { Schema } from "./schema.ts";

type DatasetMethods = Pick<
  DatasetStore,
  "datasetCreate" | "datasetGet" | "datasetList" | "datasetUpdate" | "datasetDelete"
>;

export function datasetStore(db: Database): DatasetMethods {
  return {
    datasetCreate(params) {
      return db.write(async ({ query }) => {
        const row = newDataset(params, db.now());
        await assertNameFree(query, row.name);
        await assertIdFree(query, row.id);
        await query.insertInto("dataset").values(row).execute();
        await query.insertInto("dataset_version").values({ dataset_id: row.id, as_of: row.created_at }).execute();
        return toDataset({ ...row, example_count: 0, project_count: 0, last_project_start_at: null });
      });
    },

    datasetGet: (params) => readDataset(db, params),

    async datasetList(params) {
      let query = countedDatasets(db.read);
      if (params.ids) query = query.where("id", "in", [...params.ids]);
      if (params.name !== undefined) query = query.where("name", "=", params.name);
      if (params.dataTypes) query = query.where("data_type", "in", [...params.dataTypes]);
      if (params.nameContains !== undefined) {
        const pattern = containsPattern(params.nameContains.toLowerCase());
        query = query.where(sql<boolean>`lower(name) like ${pattern} escape '\\'`);
      }
      const column = SORT_COLUMNS[params.sortBy ?? "createdAt"];
      query = query
        .orderBy(sql`${sql.ref(column)} is null`)
        .orderBy(column, params.sortOrder ?? "desc")
        .orderBy("id");
      if (!params.metadata) query = query.limit(params.limit).offset(params.offset);
      const rows = await query.execute();
      const wanted = params.metadata;
      if (!wanted) return rows.map(toDataset);
      return rows
        .filter((row) => holds(parseObject(row.metadata_json), wanted))
        .slice(params.offset, params.offset + params.limit)
        .map(toDataset);
    },

    async datasetUpdate(params) {
      const updated = await db.write(async ({ query }) => {
        const row = await query.selectFrom("dataset").select("name").where("id", "=", params.id).executeTakeFirst();
        if (!row) return false;
        if (params.name !== undefined && params.name !== row.name) await assertNameFree(query, params.name);
        const changes = {
          name: params.name,
          description: params.description,
          metadata_json: ifGiven(params.metadata, toJson),
          inputs_schema_json: ifGiven(params.inputsSchema, jsonOrNull),
          outputs_schema_json: ifGiven(params.outputsSchema, jsonOrNull),
          share_token: params.shareToken,
          share_projects: ifGiven(params.shareProjects, Number),
          baseline_project_id: params.baselineProjectId,
          modified_at: toMicros(db.now()),
        };
        await query.updateTable("dataset").set(changes).where("id", "=", params.id).execute();
        return true;
      });
      return updated ? readDataset(db, { id: params.id }) : null;
    },

    datasetDelete({ id }) {
      return db.writeLong(async ({ query }) => {
        const examples = query.selectFrom("example").select("id").where("dataset_id", "=", id);
        await query.deleteFrom("example_attachment").where("example_id", "in", examples).execute();
        await query.deleteFrom("example").where("dataset_id", "=", id).execute();
        await query.deleteFrom("dataset_tag").where("dataset_id", "=", id).execute();
        await query.deleteFrom("dataset_version").where("dataset_id", "=", id).execute();
        await query.deleteFrom("comparative_experiment").where("dataset_id", "=", id).execute();
        const result = await query.deleteFrom("dataset").where("id", "=", id).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
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
    share_projects: 0,
    baseline_project_id: null,
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

async function assertIdFree(query: Kysely<Schema>, id: string): Promise<void> {
  const taken = await query.selectFrom("dataset").select("id").where("id", "=", id).executeTakeFirst();
  if (!taken) return;
  throw new LoopsmithError("conflict", `Dataset ${id} already exists`, {
    hint: "Leave out the id, or use the dataset.",
  });
}

type CountedDataset = DatasetTable & {
  example_count: number;
  project_count: number;
  last_project_start_at: number | null;
};

const SORT_COLUMNS = {
  name: "name",
  createdAt: "created_at",
  modifiedAt: "modified_at",
  exampleCount: "example_count",
  projectCount: "project_count",
  lastProjectStartAt: "last_project_start_at",
} as const satisfies Record<DatasetSort, keyof CountedDataset>;

/** Datasets with what is counted about them, as one derived table: an output column cannot be ordered by otherwise. */
function countedDatasets(
  query: Kysely<Schema>,
): SelectQueryBuilder<{ dataset: CountedDataset }, "dataset", CountedDataset> {
  const counted = query
    .selectFrom("dataset")
    .selectAll()
    .select((of) => [
      of
        .selectFrom("example")
        .select((e) => e.fn.countAll<number>().as("n"))
        .whereRef("example.dataset_id", "=", "dataset.id")
        .where("example.valid_to", "is", null)
        .as("example_count"),
      of
        .selectFrom("project")
        .select((e) => e.fn.countAll<number>().as("n"))
        .whereRef("project.reference_dataset_id", "=", "dataset.id")
        .as("project_count"),
      of
        .selectFrom("project")
        .select((e) => e.fn.max("project.start_at").as("at"))
        .whereRef("project.reference_dataset_id", "=", "dataset.id")
        .as("last_project_start_at"),
    ])
    .as("dataset");
  return query.selectFrom(counted).selectAll() as unknown as SelectQueryBuilder<
    { dataset: CountedDataset },
    "dataset",
    CountedDataset
  >;
}

async function readDataset(db: Database, params: Parameters<DatasetStore["datasetGet"]>[0]): Promise<Dataset | null> {
  const query = countedDatasets(db.read);
  const row = await (
    "id" in params
      ? query.where("id", "=", params.id)
      : "name" in params
        ? query.where("name", "=", params.name)
        : query.where("share_token", "=", params.shareToken)
  ).executeTakeFirst();
  return row ? toDataset(row) : null;
}

function toDataset(row: CountedDataset): Dataset {
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
    exampleCount: row.example_count,
    projectCount: row.project_count,
    lastProjectStartAt: row.last_project_start_at === null ? null : fromMicros(row.last_project_start_at),
    shareToken: row.share_token,
    shareProjects: row.share_projects === 1,
    baselineProjectId: row.baseline_project_id,
  };
}
