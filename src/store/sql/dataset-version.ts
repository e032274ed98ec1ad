import type { Kysely } from "kysely";
import type { DatasetVersion } from "../../model/dataset.ts";
import type { DatasetStore } from "../resource/dataset.ts";
import { fromMicros, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Schema } from "./schema.ts";

type VersionMethods = Pick<DatasetStore, Extract<keyof DatasetStore, `datasetVersion${string}`>>;

/** The tag the newest version always bears; it cannot be moved. */
const NEWEST_TAG = "latest";

export function datasetVersionStore(db: Database): VersionMethods {
  return {
    async datasetVersionList({ datasetId, exampleId, limit, offset }) {
      let query = db.read.selectFrom("dataset_version").select("as_of").where("dataset_id", "=", datasetId);
      if (exampleId !== undefined) {
        // A version touched the example when one of its states begins or ends there.
        const states = db.read.selectFrom("example").where("example.id", "=", exampleId);
        query = query.where((version) =>
          version.or([
            version("as_of", "in", states.select("valid_from")),
            version(
              "as_of",
              "in",
              states.where("valid_to", "is not", null).select("valid_to").$castTo<{ valid_to: number }>(),
            ),
          ]),
        );
      }
      const rows = await query.orderBy("as_of", "desc").limit(limit).offset(offset).execute();
      return versionRows(
        db,
        datasetId,
        rows.map((row) => row.as_of),
      );
    },

    async datasetVersionGet({ datasetId, asOf, tag }) {
      if (tag !== undefined && tag !== NEWEST_TAG) {
        const row = await db.read
          .selectFrom("dataset_tag")
          .select("as_of")
          .where("dataset_id", "=", datasetId)
          .where("tag", "=", tag)
          .executeTakeFirst();
        return row ? versionRow(db, datasetId, row.as_of) : null;
      }
      const found = await newestAt(db.read, datasetId, asOf);
      return found === null ? null : versionRow(db, datasetId, found);
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
      return found === null ? null : versionRow(db, datasetId, found);
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

async function newestAt(query: Kysely<Schema>, datasetId: string, asOf?: number): Promise<number | null> {
  let select = query.selectFrom("dataset_version").select("as_of").where("dataset_id", "=", datasetId);
  if (asOf !== undefined) select = select.where("as_of", "<=", toMicros(asOf));
  const row = await select.orderBy("as_of", "desc").limit(1).executeTakeFirst();
  return row?.as_of ?? null;
}

async function versionRow(db: Database, datasetId: string, asOf: number): Promise<DatasetVersion> {
  const [row] = await versionRows(db, datasetId, [asOf]);
  return row as DatasetVersion;
}

async function versionRows(db: Database, datasetId: string, asOfs: readonly number[]): Promise<DatasetVersion[]> {
  if (asOfs.length === 0) return [];
  const [newest, tags] = await Promise.all([
    newestAt(db.read, datasetId),
    db.read
      .selectFrom("dataset_tag")
      .select(["tag", "as_of"])
      .where("dataset_id", "=", datasetId)
      .where("as_of", "in", [...asOfs])
      .orderBy("tag")
      .execute(),
  ]);
  return asOfs.map((asOf) => ({
    asOf: fromMicros(asOf),
    tags: [...(asOf === newest ? [NEWEST_TAG] : []), ...tags.filter((row) => row.as_of === asOf).map((row) => row.tag)],
  }));
}
