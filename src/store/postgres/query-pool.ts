import type { PostgresPool, PostgresPoolClient } from "kysely";
import type { Pool, PoolClient, QueryConfig } from "pg";
import { cleanParameter } from "../sql/clean-parameter.ts";
import { toStoreError } from "./store-error.ts";

/** The server ends a statement at its limit. One of which nothing is heard by then has lost its connection. */
const PATIENCE = 1.1;
/** What the driver calls it; it has no code. */
const UNANSWERED = "Query read timeout";

/**
 * The driver's pool as the query builder uses it, for statements that take `limitMs` at most: whatever a judge or a trace quotes
 * reaches the database as text it takes, and a connection that stopped answering is closed instead of being given back.
 */
export function queryPools(pool: Pool): (limitMs: number) => PostgresPool {
  /** The limit that the server knows of each connection. */
  const limits = new WeakMap<PoolClient, number>();
  return (limitMs) => ({
    async connect() {
      const client = await pool.connect().catch(throwStoreError);
      const limited = limitedClient(client, limitMs);
      if (limits.get(client) === limitMs) return limited;
      try {
        const set: LimitedQuery = {
          text: `set statement_timeout = ${Math.ceil(limitMs)}`,
          query_timeout: limitMs * PATIENCE,
        };
        await client.query(set);
        limits.set(client, limitMs);
      } catch (error) {
        client.release(true);
        throw toStoreError(error);
      }
      return limited;
    },
    end: () => pool.end(),
  });
}

function limitedClient(client: PoolClient, limitMs: number): PostgresPoolClient {
  let lost: Error | undefined;
  const query = async (text: string, parameters: readonly unknown[]): Promise<unknown> => {
    // The statement nobody answered is still under way: the rollback would wait behind it.
    if (lost) throw toStoreError(lost);
    try {
      const config: LimitedQuery = { text, values: parameters.map(cleanParameter), query_timeout: limitMs * PATIENCE };
      return await client.query(config);
    } catch (error) {
      if (error instanceof Error && error.message === UNANSWERED) lost = error;
      throw toStoreError(error);
    }
  };
  return { query: query as PostgresPoolClient["query"], release: () => client.release(lost) };
}

function throwStoreError(error: unknown): never {
  throw toStoreError(error);
}

/** What the driver takes beyond its types. */
type LimitedQuery = QueryConfig & { query_timeout: number };
