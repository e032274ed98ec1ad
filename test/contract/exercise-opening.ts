import pg from "pg";
import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";

const schemaName = (): string => `t_${newId().replaceAll("-", "_")}`;

async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Who opens a PostgreSQL database, and what is told when that does not work. */
export function exerciseOpening(url: string): void {
  describe("opening it", () => {
    it.each([
      ["not_found", "there is no such database", (at: URL): void => void (at.pathname = "/no_such_database")],
      ["unauthorized", "lets us not in", (at: URL): void => void (at.username = "nobody_of_that_name")],
      ["unavailable", "cannot reach the database", (at: URL): void => void (at.port = "1")],
    ] as const)("says %s: %s", async (code, message, change) => {
      const at = new URL(url);
      change(at);
      const opening = postgresStore({ url: at.href });
      await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
    });

    it("needs no right to create anything once the schema is up to date, and says which right is missing before", async () => {
      const [schema, user] = [schemaName(), `u_${newId().replaceAll("-", "_")}`];
      const at = new URL(url);
      at.username = user;
      at.password = "secret";
      await asOwner(url, (client) => client.query(`create role ${user} login password 'secret'`));
      await expect(postgresStore({ url: at.href, schema })).rejects.toMatchObject({ code: "forbidden" });
      await (await postgresStore({ url, schema })).close();
      await asOwner(url, async (client) => {
        await client.query(`grant usage on schema ${schema} to ${user}`);
        await client.query(`grant select, insert, update, delete on all tables in schema ${schema} to ${user}`);
      });
      await using store = await postgresStore({ url: at.href, schema });
      await store.projectEnsure({ name: "p" });
      expect(await store.projectGet({ name: "p" })).toMatchObject({ name: "p" });
    });

    it("refuses a schema that a newer version has changed", async () => {
      const schema = schemaName();
      await (await postgresStore({ url, schema })).close();
      await asOwner(url, (client) => client.query(`insert into ${schema}.schema_migration values ('9999-future', 1)`));
      await expect(postgresStore({ url, schema })).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining("9999-future") as string,
      });
    });
  });
}
