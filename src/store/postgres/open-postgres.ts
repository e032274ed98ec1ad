import { Kysely, PostgresDialect, sql } from "kysely";
import type * as Driver from "pg";
import { LoopsmithError } from "../../model/errors.ts";
import type { Database, WriteTransaction } from "../sql/database.ts";
import type { Schema } from "../sql/schema.ts";
import { migrate } from "./migrate.ts";
import { queryPools } from "./query-pool.ts";
import { postgresSqlDialect } from "./sql-dialect.ts";
import { codeOf, toOpenError, toStoreError } from "./store-error.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  url: string;
  /** Schema the tables live in; created when missing. @default "loopsmith" */
  schema?: string;
  /** Connections at most. @default 10 */
  poolSize?: number;
  /**
   * How long a statement may take, ms, before it fails as `unavailable`; those that go over very many rows have 60 times as long.
   * A connection of which nothing is heard by then is closed.
   * @default 60,000
   */
  statementTimeoutMs?: number;
  /** Clock, epoch ms; replaced in tests. @default the database's own clock */
  now?: () => number;
}

/** PostgreSQL has no connection below a transaction that the statements need: they use the query builder's `sql`. */
export type PostgresNative = Kysely<Schema>;

/** As a condition: commits the statement without waiting for the disk, where that is all its transaction does. */
export const WITHOUT_WAITING = sql<boolean>`(select set_config('synchronous_commit', 'off', true)) = 'off'`;

/** How often our idea of the database's clock is refreshed. */
const CLOCK_REFRESH_MS = 60_000;
/** How long an idle connection is trusted before the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 60_000;
/** How much longer statements over very many rows may take. */
const LONG = 60;
const INT8 = 20;
/** Transactions the database asks to run again. */
const RETRYABLE = new Set(["40001", "40P01"]);
const MAX_TRIES = 5;
/**
 * Opens the database and brings its schema up to date. Every process that opens the same URL shares the work.
 * @throws LoopsmithError `unavailable` when the server cannot be reached, `not_implemented` when `pg` is not installed
 */
export async function openPostgres(options: PostgresOptions): Promise<Database<PostgresNative>> {
  const pg = await loadDriver();
  const schema = options.schema ?? "loopsmith";
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new LoopsmithError("invalid", `the schema is "${schema}"`, { hint: "Use lower-case letters, digits and _." });
  }
  const types = {
    // Times are microseconds below 2^53, so a number holds them exactly.
    getTypeParser: ((oid: number, format?: "text" | "binary") =>
      oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize ?? 10,
    // Compiling a query costs more than it saves on any of ours.
    options: `-c search_path=${schema} -c synchronous_commit=on -c jit=off`,
    types,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  // A backend that dies while idle must not take the process with it; the next query opens another connection.
  pool.on("error", () => {});
  // One that dies in the middle of a transaction tells its client too; the query in hand fails and is heard of there.
  pool.on("connect", (client) => client.on("error", () => {}));
  const limitedTo = queryPools(pool);
  const limitMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const query = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: limitedTo(limitMs) }) });
  const long = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: limitedTo(limitMs * LONG) }) });
  try {
    await migrate(pool, schema);
  } catch (error) {
    await query.destroy();
    await endPool(pool);
    throw toOpenError(error);
  }
  const clock = options.now ? null : await databaseClock(query);
  return {
    capabilities: { concurrentClaims: true, timePrecisionMs: 0.001 },
    dialect: postgresSqlDialect,
    now: options.now ?? clock!.now,
    read: query,
    scan: long,
    write: (work) => transact(query, work),
    writeLong: (work) => transact(long, work),
    // A single statement is a transaction of its own: begin and commit would be two round trips more.
    async lease(work) {
      try {
        return await query.connection().execute((connection) => work({ query: connection, native: connection }));
      } catch (error) {
        throw toStoreError(error);
      }
    },
    async close() {
      clock?.stop();
      await query.destroy();
      await endPool(pool);
    },
  };
}

/** Runs the work again where the database asks for it. */
async function transact<T>(
  query: Kysely<Schema>,
  work: (transaction: WriteTransaction<PostgresNative>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await query.transaction().execute((transaction) => work({ query: transaction, native: transaction }));
    } catch (error) {
      if (attempt < MAX_TRIES && RETRYABLE.has(codeOf(error))) continue;
      throw toStoreError(error);
    }
  }
}

/** The query builder ends only a pool it has used, and an idle connection keeps the process alive for ten seconds. */
async function endPool(pool: Driver.Pool): Promise<void> {
  if (!pool.ending) await pool.end();
}

async function loadDriver(): Promise<typeof Driver> {
  try {
    const module = await import("pg");
    return module.default as unknown as typeof Driver;
  } catch (error) {
    throw new LoopsmithError("not_implemented", "a postgres:// URL needs the package `pg`", {
      hint: "Install it beside loopsmith: npm install pg",
      cause: error,
    });
  }
}

/**
 * The database's clock as this process knows it: leases of all workers are measured against one clock. Between two looks at it
 * the time goes by the monotonic clock, so that a host whose own clock is set takes no living lease for one that has run out.
 */
async function databaseClock(query: Kysely<Schema>): Promise<{ now(): number; stop(): void }> {
  let offset = 0;
  const refresh = (): Promise<void> =>
    query.connection().execute(async (connection) => {
      const sentAt = performance.now();
      const { rows } = await sql<{ now: string }>`select extract(epoch from clock_timestamp()) * 1000 as now`.execute(
        connection,
      );
      const answeredAt = performance.now();
      offset = Number(rows[0]?.now) - (sentAt + answeredAt) / 2;
    });
  await refresh();
  const timer = setInterval(() => void refresh().catch(() => {}), CLOCK_REFRESH_MS);
  timer.unref();
  return { now: () => performance.now() + offset, stop: () => clearInterval(timer) };
}
