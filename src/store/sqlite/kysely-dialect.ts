import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from "kysely";
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { toBindable, type Connection } from "./statement-cache.ts";

/**
 * Kysely over one open connection. Transactions are the writer's business (`writer.ts`), so the driver refuses them; a
 * query is one synchronous call and needs no lock.
 */
export function sqliteDialect(connection: Connection): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driverOver(connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function driverOver(connection: Connection): Driver {
  const wrapped: DatabaseConnection = {
    executeQuery: <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
      try {
        return Promise.resolve(execute<R>(connection, query));
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
    },
    // oxlint-disable-next-line require-yield
    streamQuery: async function* () {
      throw new Error("streaming is not used on SQLite");
    },
  };
  const refuse = (): Promise<void> => Promise.reject(new Error("use Database.write for transactions"));
  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(wrapped),
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
}

function execute<R>(connection: Connection, query: CompiledQuery): QueryResult<R> {
  const statement = connection.prepare(query.sql);
  const parameters = query.parameters.map(toBindable);
  if (statement.columns().length > 0) return { rows: statement.all(...parameters) as R[] };
  const result = statement.run(...parameters);
  return { rows: [], numAffectedRows: BigInt(result.changes), insertId: BigInt(result.lastInsertRowid) };
}
