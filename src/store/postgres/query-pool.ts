import type { PostgresPool, PostgresPoolClient } from "kysely";
import type { Pool, PoolClient } from "pg";
import { cleanParameter } from "../sql/clean-parameter.ts";

/** The driver's pool as the query builder uses it: whatever a judge or a trace quotes reaches the database as text it takes. */
export function queryPool(pool: Pool): PostgresPool {
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    async connect() {
      const client = await pool.connect();
      const known = wrapped.get(client) ?? queryClient(client);
      wrapped.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}

function queryClient(client: PoolClient): PostgresPoolClient {
  const query = (text: string, parameters: readonly unknown[]): Promise<unknown> =>
    client.query(text, parameters.map(cleanParameter));
  return { query: query as PostgresPoolClient["query"], release: () => client.release() };
}
