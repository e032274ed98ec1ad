import { DatabaseSync, type DatabaseSyncInstance } from "@photostructure/sqlite";
import { Kysely } from "kysely";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { LoopsmithError, errorMessage } from "../../model/errors.ts";
import { MIGRATIONS } from "../migrations/index.ts";
import type { Database } from "../sql/database.ts";
import type { Schema } from "../sql/schema.ts";
import { sqliteDialect } from "./kysely-dialect.ts";
import { sqliteSqlDialect } from "./sql-dialect.ts";
import { withStatementCache, type Connection } from "./statement-cache.ts";
import { Writer } from "./writer.ts";

/** Older versions can lose commits when two connections meet a checkpoint (the "WAL reset" bug, fixed in 3.51.3). */
const OLDEST_SAFE_SQLITE = [3, 51, 3] as const;

export interface SqliteOptions {
  /** Path of the database file; its folder is created. */
  path: string;
  /**
   * How much a commit waits for. `full` survives power loss; `normal` may lose the last commits to one, and exists for the
   * tests that show the difference.
   * @default "full"
   */
  synchronous?: "full" | "normal" | "off";
  /** Clock, epoch ms; replaced in tests. @default Date.now */
  now?: () => number;
}

export interface SqliteDatabase extends Database<Connection> {
  /** Takes turns with writers on other connections. */
  readonly writer: Writer;
  /** Leaves moving pages from the log into the file to another thread. */
  stopCheckpoints(): void;
}

/**
 * Opens (or creates) the database: one connection that writes, one that reads, both on the same file in WAL mode, so a
 * reader never waits for a commit.
 * @throws LoopsmithError `storage_full` when the folder cannot be written, `unavailable` when the file cannot be opened
 */
export function openSqlite(options: SqliteOptions): SqliteDatabase {
  const { path, synchronous = "full" } = options;
  const writeConnection = connect(path, synchronous);
  let readConnection: Connection;
  try {
    migrate(writeConnection.handle);
    readConnection = connect(path, synchronous);
  } catch (error) {
    writeConnection.handle.close();
    throw error;
  }
  const query = new Kysely<Schema>({ dialect: sqliteDialect(writeConnection) });
  const read = new Kysely<Schema>({ dialect: sqliteDialect(readConnection) });
  const writer = new Writer(writeConnection, { query, native: writeConnection });
  return {
    capabilities: { concurrentClaims: false, timePrecisionMs: 0.001 },
    dialect: sqliteSqlDialect,
    now: options.now ?? Date.now,
    read,
    writer,
    stopCheckpoints: () => writeConnection.handle.exec("PRAGMA wal_autocheckpoint = 0"),
    write: (work) => writer.write(work),
    async close() {
      await writer.close();
      readConnection.handle.close();
      writeConnection.handle.exec("PRAGMA optimize");
      writeConnection.handle.close();
    },
  };
}

function connect(path: string, synchronous: "full" | "normal" | "off"): Connection {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const handle = new DatabaseSync(path, { timeout: 10_000 });
    assertSafe(handle);
    // The driver's own default is NORMAL, which a power cut can undo.
    handle.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF`);
    return withStatementCache(handle);
  } catch (error) {
    if (LoopsmithError.isInstance(error)) throw error;
    const full = /ENOSPC|EROFS|EACCES|full|readonly/i.test(errorMessage(error));
    throw new LoopsmithError(full ? "storage_full" : "unavailable", `cannot open ${path}: ${errorMessage(error)}`, {
      hint: full
        ? "Free space or fix the permissions of the data directory, or choose another with LOOPSMITH_DATA_DIR."
        : "Check that the path is a Loopsmith database and that no other program locks it.",
      cause: error,
    });
  }
}

function assertSafe(handle: DatabaseSyncInstance): void {
  const row = handle.prepare("select sqlite_version() as version").get() as { version: string };
  const parts = row.version.split(".").map(Number);
  for (const [index, least] of OLDEST_SAFE_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least) {
      throw new LoopsmithError("unavailable", `SQLite ${row.version} can lose commits with two connections`, {
        hint: `Use a build with SQLite ${OLDEST_SAFE_SQLITE.join(".")} or newer.`,
      });
    }
  }
}

function migrate(handle: DatabaseSyncInstance): void {
  // IMMEDIATE: two processes that start together must not both create the tables.
  handle.exec("BEGIN IMMEDIATE");
  try {
    handle.exec("create table if not exists schema_migration (name text primary key, applied_at integer not null)");
    const rows = handle.prepare("select name from schema_migration").all() as { name: string }[];
    const applied = new Set(rows.map((row) => row.name));
    for (const migration of MIGRATIONS) {
      if (applied.has(migration.name)) continue;
      const types = { int: "integer", real: "real", text: "text", bytes: "blob" };
      for (const statement of migration.statements(types)) handle.exec(statement);
      handle.prepare("insert into schema_migration values (?, ?)").run(migration.name, Date.now());
    }
    handle.exec("COMMIT");
  } catch (error) {
    handle.exec("ROLLBACK");
    throw error;
  }
}
