import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { newId } from "../src/model/id.ts";
import { postgresStore } from "../src/store/postgres/postgres-store.ts";

const url = process.env["LOOPSMITH_TEST_POSTGRES"];

async function connectionsOf(name: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where application_name = $1",
    [name],
  );
  await client.end();
  return rows[0]?.count ?? 0;
}

describe.skipIf(!url)("a store on PostgreSQL", () => {
  it("leaves no connection when it is closed before it was used, which would keep the process alive", async () => {
    const own = new URL(url ?? "");
    const name = `close-${newId()}`;
    own.searchParams.set("application_name", name);
    const store = await postgresStore({ url: own.href, schema: `t_${newId().replaceAll("-", "_")}` });
    expect(await connectionsOf(name)).toBeGreaterThan(0);
    await store.close();
    await expect.poll(() => connectionsOf(name), { timeout: 5_000 }).toBe(0);
  });
});
