import type { LedgerStore, LoopRow } from "../resource/ledger.ts";
import { fromMicros, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { LoopTable } from "./schema-loop.ts";

export function loopStore(db: Database): Pick<LedgerStore, "loopEnsure" | "loopList" | "loopRetire"> {
  return {
    loopEnsure(params) {
      return db.write(async ({ query }) => {
        const row: LoopTable = {
          id: params.id,
          name: params.name,
          project_name: params.projectName,
          config_json: JSON.stringify(params.config),
          created_at: toMicros(db.now()),
        };
        await query
          .insertInto("loop")
          .values(row)
          .onConflict((conflict) => conflict.column("id").doUpdateSet({ config_json: row.config_json }))
          .execute();
        return toLoop(await query.selectFrom("loop").selectAll().where("id", "=", params.id).executeTakeFirstOrThrow());
      });
    },

    async loopList({ retired = false } = {}) {
      const rows = await db.read.selectFrom("loop").selectAll().orderBy("created_at").orderBy("id").execute();
      return rows.map(toLoop).filter(({ retiredAt }) => retired || retiredAt === null);
    },

    loopRetire({ id, reason }) {
      return db.write(async ({ query }) => {
        const now = toMicros(db.now());
        const row = await query.selectFrom("loop").selectAll().where("id", "=", id).executeTakeFirst();
        if (!row) return { traces: 0, deliveries: 0 };
        // What it reads goes too: a score that people give must not wake it.
        const { reads: _reads, ...config } = parseObject(row.config_json);
        const retired = { ...config, retiredAt: config["retiredAt"] ?? db.now() };
        await query
          .updateTable("loop")
          .set({ config_json: JSON.stringify(retired) })
          .where("id", "=", id)
          .execute();
        const free = { lease_token: null, lease_until: null };
        const traces = await query
          .updateTable("ledger")
          .set({ ...free, state: "skipped", reason, updated_at: now })
          .where("loop_id", "=", id)
          .where("state", "in", ["settling", "deferred"])
          .executeTakeFirst();
        const deliveries = await query
          .updateTable("delivery")
          .set({ ...free, state: "dead", last_error: reason })
          .where("loop_id", "=", id)
          .where("state", "=", "pending")
          .executeTakeFirst();
        return { traces: Number(traces.numUpdatedRows), deliveries: Number(deliveries.numUpdatedRows) };
      });
    },
  };
}

function toLoop(row: LoopTable): LoopRow {
  const { retiredAt, ...config } = parseObject(row.config_json);
  return {
    id: row.id,
    name: row.name,
    projectName: row.project_name,
    config,
    createdAt: fromMicros(row.created_at),
    retiredAt: typeof retiredAt === "number" ? retiredAt : null,
  };
}
