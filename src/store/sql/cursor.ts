import type { JsonObject } from "../../model/json.ts";
import type { CursorStore } from "../resource/cursor.ts";
import { parseObject } from "./columns.ts";
import type { Database, WriteTransaction } from "./database.ts";

export function cursorStore(db: Database): CursorStore {
  return {
    async cursorGet({ name }) {
      const row = await db.read.selectFrom("cursor").selectAll().where("name", "=", name).executeTakeFirst();
      return row ? parseObject(row.value_json) : null;
    },

    cursorUpdate({ name, update }) {
      return db.write(async ({ query }) => {
        // Touching the row first locks it where writers run side by side.
        await query
          .insertInto("cursor")
          .values({ name, value_json: "null" })
          .onConflict((conflict) => conflict.column("name").doUpdateSet({ name }))
          .execute();
        const row = await query.selectFrom("cursor").selectAll().where("name", "=", name).executeTakeFirstOrThrow();
        const value = update(row.value_json === "null" ? null : parseObject(row.value_json));
        await query
          .updateTable("cursor")
          .set({ value_json: JSON.stringify(value) })
          .where("name", "=", name)
          .execute();
        return value;
      });
    },

    cursorSet: (cursor) => db.write((transaction) => saveCursor(transaction, cursor)),
  };
}

export async function saveCursor<Native>(
  { query }: Pick<WriteTransaction<Native>, "query">,
  { name, value }: { name: string; value: JsonObject },
): Promise<void> {
  const value_json = JSON.stringify(value);
  await query
    .insertInto("cursor")
    .values({ name, value_json })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value_json }))
    .execute();
}
