import { newId } from "../../model/id.ts";
import type { OnlineEvaluatorRow, OnlineEvaluatorStore } from "../resource/online-evaluator.ts";
import { fromMicros, ifGiven, parseObject, toJson, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { OnlineEvaluatorTable } from "./schema.ts";

export function onlineEvaluatorStore(db: Database): OnlineEvaluatorStore {
  return {
    onlineEvaluatorCreate({ name, body }) {
      return db.write(async ({ query }) => {
        const now = toMicros(db.now());
        const row: OnlineEvaluatorTable = {
          id: newId(),
          name,
          body_json: JSON.stringify(body),
          created_at: now,
          updated_at: now,
        };
        await query.insertInto("online_evaluator").values(row).execute();
        return toRow(row);
      });
    },

    async onlineEvaluatorGet({ id }) {
      const row = await db.read.selectFrom("online_evaluator").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? toRow(row) : null;
    },

    async onlineEvaluatorList({ limit, offset }) {
      const rows = await db.read
        .selectFrom("online_evaluator")
        .selectAll()
        .orderBy("created_at")
        .orderBy("id")
        .limit(limit)
        .offset(offset)
        .execute();
      return rows.map(toRow);
    },

    onlineEvaluatorUpdate({ id, name, body }) {
      return db.write(async ({ query }) => {
        const row = await query
          .updateTable("online_evaluator")
          .set({ name, body_json: ifGiven(body, toJson), updated_at: toMicros(db.now()) })
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirst();
        return row ? toRow(row) : null;
      });
    },

    onlineEvaluatorDelete({ id }) {
      return db.write(async ({ query }) => {
        const result = await query.deleteFrom("online_evaluator").where("id", "=", id).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },
  };
}

function toRow(row: OnlineEvaluatorTable): OnlineEvaluatorRow {
  return {
    id: row.id,
    name: row.name,
    body: parseObject(row.body_json),
    createdAt: fromMicros(row.created_at),
    updatedAt: fromMicros(row.updated_at),
  };
}
