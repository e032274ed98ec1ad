import { sql, type Selectable } from "kysely";
import type { RemedyRecord, RemedyRecordStore } from "../resource/remedy.ts";
import { fromMicros, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { RemedyTable } from "./schema.ts";

export function remedyStore(db: Database): RemedyRecordStore {
  return {
    async remedyGet({ id }) {
      const row = await db.read.selectFrom("remedy").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? toRecord(row) : null;
    },

    async remedyList({ loopId }) {
      let query = db.read.selectFrom("remedy").selectAll().orderBy("changed_at", "desc").orderBy("id");
      if (loopId !== undefined) query = query.where("loop_id", "=", loopId);
      return (await query.execute()).map(toRecord);
    },

    remedyPut({ id, loopId, state, expectedVersion }) {
      return db.write(async ({ query }) => {
        const next = {
          version: expectedVersion + 1,
          state_json: JSON.stringify(state),
          changed_at: toMicros(db.now()),
        };
        if (expectedVersion === 0) {
          const inserted = await query
            .insertInto("remedy")
            .values({ id, loop_id: loopId, ...next })
            .onConflict((conflict) => conflict.column("id").doNothing())
            .executeTakeFirst();
          return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n;
        }
        const updated = await query
          .updateTable("remedy")
          .set(next)
          .where("id", "=", id)
          .where("version", "=", expectedVersion)
          .executeTakeFirst();
        return updated.numUpdatedRows > 0n;
      });
    },

    remedyLease({ id, token, leaseMs }) {
      return db.write(async ({ query }) => {
        const now = toMicros(db.now());
        const lease = { token, until: now + toMicros(leaseMs) };
        const result = await query
          .insertInto("remedy_lease")
          .values({ remedy_id: id, ...lease })
          .onConflict((conflict) =>
            conflict
              .column("remedy_id")
              .doUpdateSet(lease)
              .where((eb) => eb.or([eb("remedy_lease.token", "=", token), eb("remedy_lease.until", "<=", now)])),
          )
          .executeTakeFirst();
        return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
      });
    },

    async remedyRelease({ id, token }) {
      await db.write(({ query }) =>
        query.deleteFrom("remedy_lease").where("remedy_id", "=", id).where("token", "=", token).execute(),
      );
    },

    async remedyCallGet({ remedyId, key }) {
      const row = await db.read
        .selectFrom("remedy_call")
        .select(["result_json", "usd"])
        .where("remedy_id", "=", remedyId)
        .where("key", "=", key)
        .executeTakeFirst();
      if (!row) return null;
      return { result: row.result_json === null ? null : parseObject(row.result_json), usd: row.usd };
    },

    async remedyCallReserve({ remedyId, key, maxUsd }) {
      await db.write(({ query }) =>
        query
          .insertInto("remedy_call")
          .values({ remedy_id: remedyId, key, result_json: null, usd: 0, open_usd: maxUsd, open: 1 })
          .onConflict((conflict) =>
            conflict.columns(["remedy_id", "key"]).doUpdateSet({
              // A reservation that never settled may have been paid, so it stays on the bill.
              usd: sql<number>`remedy_call.usd + remedy_call.open_usd`,
              open_usd: maxUsd,
              open: 1,
            }),
          )
          .execute(),
      );
    },

    async remedyCallSettle({ remedyId, key, result, usd }) {
      const settled = { result_json: JSON.stringify(result), open_usd: 0, open: 0 };
      await db.write(({ query }) =>
        query
          .insertInto("remedy_call")
          .values({ remedy_id: remedyId, key, usd, ...settled })
          .onConflict((conflict) =>
            conflict
              .columns(["remedy_id", "key"])
              .doUpdateSet({ ...settled, usd: sql<number>`remedy_call.usd + excluded.usd` }),
          )
          .execute(),
      );
    },

    async remedyCallTotals({ remedyId }) {
      const row = await db.read
        .selectFrom("remedy_call")
        .select([
          sql<number | string | null>`sum(usd + open_usd)`.as("usd"),
          sql<number | string | null>`sum(open)`.as("open"),
        ])
        .where("remedy_id", "=", remedyId)
        .executeTakeFirst();
      return { usd: Number(row?.usd ?? 0), open: Number(row?.open ?? 0) };
    },
  };
}

function toRecord(row: Selectable<RemedyTable>): RemedyRecord {
  return {
    id: row.id,
    loopId: row.loop_id,
    version: row.version,
    state: parseObject(row.state_json),
    changedAt: fromMicros(row.changed_at),
  };
}
