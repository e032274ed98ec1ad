import { sql } from "kysely";
import type { BudgetStore } from "../resource/budget.ts";
import { fromMicros, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";

/** Undoes the reservations made before the one that was refused. */
class Refused extends Error {
  readonly key: string;

  constructor(key: string) {
    super(`the budget ${key} is used up`);
    this.key = key;
  }
}

export function budgetStore(db: Database): BudgetStore {
  return {
    async budgetReserve({ entries }) {
      let refusedKey: string | null = null;
      try {
        await db.write(async ({ query }) => {
          refusedKey = null;
          // In one order for everybody, so that two workers never wait for each other's rows.
          for (const entry of [...entries].sort((a, b) => (a.key < b.key ? -1 : 1))) {
            const row = { key: entry.key, window_start: toMicros(entry.windowStart) };
            await query
              .insertInto("budget_use")
              .values({ ...row, calls: 0, tokens: 0, usd_micros: 0 })
              .onConflict((conflict) => conflict.columns(["key", "window_start"]).doNothing())
              .execute();
            const { amount, limit } = entry;
            let update = query
              .updateTable("budget_use")
              .set((eb) => ({
                calls: eb("calls", "+", amount.calls),
                tokens: eb("tokens", "+", amount.tokens),
                usd_micros: eb("usd_micros", "+", amount.usdMicros),
              }))
              .where("key", "=", row.key)
              .where("window_start", "=", row.window_start);
            if (limit.calls !== undefined) update = update.where(sql<boolean>`calls <= ${limit.calls - amount.calls}`);
            if (limit.tokens !== undefined)
              update = update.where(sql<boolean>`tokens <= ${limit.tokens - amount.tokens}`);
            if (limit.usdMicros !== undefined) {
              update = update.where(sql<boolean>`usd_micros <= ${limit.usdMicros - amount.usdMicros}`);
            }
            const result = await update.executeTakeFirst();
            if (result.numUpdatedRows === 0n) {
              refusedKey = entry.key;
              throw new Refused(entry.key);
            }
          }
        });
        return null;
      } catch (error) {
        if (refusedKey !== null) return refusedKey;
        throw error;
      }
    },

    async budgetRefund({ entries }) {
      if (entries.length === 0) return;
      await db.write(async ({ query }) => {
        for (const { key, windowStart, amount } of entries) {
          await query
            .updateTable("budget_use")
            .set((eb) => ({
              calls: eb("calls", "-", amount.calls),
              tokens: eb("tokens", "-", amount.tokens),
              usd_micros: eb("usd_micros", "-", amount.usdMicros),
            }))
            .where("key", "=", key)
            .where("window_start", "=", toMicros(windowStart))
            .execute();
        }
      });
    },

    async budgetUse({ keys, from }) {
      if (keys.length === 0) return [];
      const rows = await db.read
        .selectFrom("budget_use")
        .selectAll()
        .where("key", "in", [...keys])
        .where("window_start", ">=", toMicros(from))
        .orderBy("key")
        .orderBy("window_start")
        .execute();
      return rows.map((row) => ({
        key: row.key,
        windowStart: fromMicros(row.window_start),
        calls: row.calls,
        tokens: row.tokens,
        usdMicros: row.usd_micros,
      }));
    },
  };
}
