import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from "kysely";
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { toBindable, type Bindable, type Connection } from "./statement-cache.ts";

/** Another thread that runs queries, while it is worth it. */
interface Elsewhere {
  readonly isLarge: boolean;
  all(sql: string, parameters: Bindable[]): Promise<unknown[]>;
}

/**
 * Kysely over one open connection, or over another thread for as long as there is enough to do for one. Transactions are the writer's business (`writer.ts`), so the driver refuses them; a
 * query is one synchronous call and needs no lock.
 */
export function sqliteDialect(connection: Connection, elsewhere?: Elsewhere): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driverOver(connection, elsewhere),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function driverOver(connection: Connection, elsewhere: Elsewhere | undefined): Driver {
  const wrapped: DatabaseConnection = {
    executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
      if (elsewhere?.isLarge) {
        return { rows: (await elsewhere.all(query.sql, query.parameters.map(toBindable))) as R[] };
      }
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
  const { rows, changes } = connection.run(query.sql, query.parameters.map(toBindable));
  return { rows: rows as R[], ...(changes !== undefined && { numAffectedRows: BigInt(changes) }) };
}
