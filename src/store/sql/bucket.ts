import { sql, type Kysely, type SelectQueryBuilder } from "kysely";
import type { FeatureValue } from "../../model/pattern.ts";
import type { VerdictOutcome } from "../../model/verdict.ts";
import type { BucketChanges, BucketPart, BucketStore, LearnableVerdict } from "../resource/bucket.ts";
import { chunksOf, fromMicros, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { BucketTable } from "./schema-learning.ts";
import type { Schema } from "./schema.ts";
import type { VerdictTable } from "./schema-loop.ts";

/** Ids bound to one statement. */
const IDS = 500;

const COLUMNS = [
  "verdict.id",
  "verdict.trace_id",
  "verdict.revision",
  "verdict.latest",
  "verdict.outcome",
  "verdict.features_json",
  "verdict.cluster",
  "verdict.trace_start_at",
] as const;

export function bucketStore(db: Database): BucketStore {
  return {
    async verdictUnlearned({ loopId, from, to, limit }) {
      let query = db.scan
        .selectFrom("unlearned")
        .innerJoin("verdict", "verdict.id", "unlearned.verdict_id")
        .select(COLUMNS)
        .where("unlearned.loop_id", "=", loopId);
      if (from !== undefined) query = query.where("unlearned.trace_start_at", ">=", toMicros(from));
      if (to !== undefined) query = query.where("unlearned.trace_start_at", "<", toMicros(to));
      const rows = await query
        .orderBy("unlearned.trace_start_at")
        .orderBy("verdict.revision")
        .orderBy("unlearned.verdict_id")
        .limit(limit)
        .execute();
      return rows.map(toLearnable);
    },

    async verdictLearnable({ loopId, from, to, learned = false, after, limit }) {
      let query: SelectQueryBuilder<Schema, "verdict", Record<never, never>> = db.scan
        .selectFrom("verdict")
        .where("verdict.loop_id", "=", loopId)
        .where("verdict.latest", "=", 1)
        .where("verdict.trace_start_at", ">=", toMicros(after ? after.row.at : from))
        .where("verdict.trace_start_at", "<", toMicros(to))
        .where("verdict.outcome", "in", ["pass", "fail"]);
      if (after) {
        const at = toMicros(after.row.at);
        query = query.where(sql<boolean>`(verdict.trace_start_at > ${at} or verdict.id > ${after.id})`);
      }
      if (learned) {
        query = query.where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("unlearned")
                .select("unlearned.verdict_id")
                .whereRef("unlearned.loop_id", "=", "verdict.loop_id")
                .whereRef("unlearned.trace_start_at", "=", "verdict.trace_start_at")
                .whereRef("unlearned.verdict_id", "=", "verdict.id"),
            ),
          ),
        );
      }
      const rows = await query
        .select(COLUMNS)
        .orderBy("verdict.trace_start_at")
        .orderBy("verdict.id")
        .limit(limit)
        .execute();
      return rows.map(toLearnable);
    },

    async verdictNewest({ loopId, limit }) {
      const rows = await db.scan
        .selectFrom("verdict")
        .select(COLUMNS)
        .where("loop_id", "=", loopId)
        .where("latest", "=", 1)
        .where("outcome", "in", ["pass", "fail"])
        .orderBy("trace_start_at", "desc")
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(toLearnable);
    },

    async verdictEarlierStarts({ loopId, traceIds }) {
      const starts = new Set<number>();
      for (const ids of chunksOf(traceIds, IDS)) {
        const rows = await db.read
          .selectFrom("verdict")
          .select("trace_start_at")
          .distinct()
          .where("loop_id", "=", loopId)
          .where("trace_id", "in", ids)
          .where("latest", "=", 0)
          .execute();
        for (const row of rows) starts.add(fromMicros(row.trace_start_at));
      }
      return [...starts].sort((a, b) => a - b);
    },

    async codebookGet({ loopId }) {
      const row = await db.read
        .selectFrom("codebook")
        .selectAll()
        .where("loop_id", "=", loopId)
        .orderBy("created_at", "desc")
        .orderBy("id")
        .limit(1)
        .executeTakeFirst();
      if (!row) return null;
      const { id, document_json, rows_seen, created_at } = row;
      return { id, document: parseObject(document_json), rows: rows_seen, createdAt: fromMicros(created_at) };
    },

    async bucketList({ loopId, from, to }) {
      const rows = await db.read
        .selectFrom("bucket")
        .select(["hour", "part", "codebook_id", "row_count"])
        .where("loop_id", "=", loopId)
        .where("hour", ">=", toMicros(from))
        .where("hour", "<", toMicros(to))
        .orderBy("hour")
        .orderBy("part")
        .execute();
      return rows.map(toPart);
    },

    async bucketRead({ loopId, hour }) {
      const rows = await db.scan
        .selectFrom("bucket")
        .select(["hour", "part", "codebook_id", "row_count", "bytes"])
        .where("loop_id", "=", loopId)
        .where("hour", "=", toMicros(hour))
        .orderBy("part")
        .execute();
      return rows.map((row) => ({ ...toPart(row), bytes: row.bytes }));
    },

    bucketDelete({ loopId, before }) {
      return db.write(async ({ query }) => {
        const gone = await query
          .deleteFrom("bucket")
          .where("loop_id", "=", loopId)
          .where("hour", "<", toMicros(before))
          .executeTakeFirst();
        return Number(gone.numDeletedRows);
      });
    },
  };
}

/** The part of a round's transaction that is about buckets. The caller holds the round's turn. */
export async function writeBuckets(
  query: Kysely<Schema>,
  loopId: string,
  { codebook, writes, learned }: BucketChanges,
  now: number,
): Promise<void> {
  if (codebook) {
    const document = {
      document_json: JSON.stringify(codebook.document),
      rows_seen: codebook.rows,
      created_at: toMicros(now),
    };
    await query
      .insertInto("codebook")
      .values({ loop_id: loopId, id: codebook.id, ...document })
      .onConflict((conflict) => conflict.columns(["loop_id", "id"]).doUpdateSet(document))
      .execute();
  }
  for (const { hour, codebookId, rows, bytes, replaces } of writes) {
    const place = { loop_id: loopId, hour: toMicros(hour) };
    const { last } = await query
      .selectFrom("bucket")
      .select(({ fn }) => fn.max<number | null>("part").as("last"))
      .where("loop_id", "=", loopId)
      .where("hour", "=", place.hour)
      .executeTakeFirstOrThrow();
    if (replaces && last !== null) {
      await query.deleteFrom("bucket").where("loop_id", "=", loopId).where("hour", "=", place.hour).execute();
    }
    await query
      .insertInto("bucket")
      .values({ ...place, part: Number(last ?? 0) + 1, codebook_id: codebookId, row_count: rows, bytes })
      .execute();
  }
  for (const some of chunksOf(learned, IDS)) {
    await query
      .deleteFrom("unlearned")
      .where("loop_id", "=", loopId)
      .where("trace_start_at", "in", [...new Set(some.map(({ row }) => toMicros(row.at)))])
      .where(
        "verdict_id",
        "in",
        some.map(({ id }) => id),
      )
      .execute();
  }
}

type VerdictPart = Pick<
  VerdictTable,
  "id" | "trace_id" | "revision" | "latest" | "outcome" | "features_json" | "cluster" | "trace_start_at"
>;

function toLearnable(row: VerdictPart): LearnableVerdict {
  return {
    id: row.id,
    revision: row.revision,
    latest: row.latest === 1,
    outcome: row.outcome as VerdictOutcome,
    row: {
      traceId: row.trace_id,
      at: fromMicros(row.trace_start_at),
      failed: row.outcome === "fail",
      features: parseObject(row.features_json) as Record<string, FeatureValue>,
      ...(row.cluster === null ? {} : { cluster: row.cluster }),
    },
  };
}

function toPart({ hour, part, codebook_id, row_count }: Omit<BucketTable, "loop_id" | "bytes">): BucketPart {
  return { hour: fromMicros(hour), part, codebookId: codebook_id, rows: row_count };
}
