import type { SecretStore } from "../resource/secret.ts";
import type { Database } from "./database.ts";

export function secretStore(db: Database): SecretStore {
  return {
    secretPut({ secrets }) {
      return db.write(async ({ query }) => {
        for (const [name, value] of secrets) {
          await query
            .insertInto("secret")
            .values({ name, value })
            .onConflict((conflict) => conflict.column("name").doNothing())
            .execute();
        }
      });
    },

    async secretGet({ name }) {
      const row = await db.read.selectFrom("secret").select("value").where("name", "=", name).executeTakeFirst();
      return row?.value ?? null;
    },
  };
}
