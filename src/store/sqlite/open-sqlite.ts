import type { DatabaseSyncInstance } from "@photostructure/sqlite";
import { Kysely } from "kysely";
import { assertKnownMigrations, MIGRATIONS } from "../migrations/index.ts";
import type { Database } from "../sql/database.ts";
import type { Schema } from "../sql/schema.ts";
import { connect } from "./connect.ts";
import { sqliteDialect } from "./kysely-dialect.ts";
import { ScanThread } from "./scan-thread.ts";
import { sqliteSqlDialect } from "./sql-dialect.ts";
import type { Connection } from "./statement-cache.ts";
import { Writer, type WriterOptions } from "./writer.ts";

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
export function openSqlite(options: SqliteOptions, writing: WriterOptions = {}): SqliteDatabase {
  const { path, synchronous = "full" } = options;
  const writeConnection = connect(path, synchronous, "large");
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
  const scans = new ScanThread(path, readConnection);
  const scan = new Kysely<Schema>({ dialect: sqliteDialect(readConnection, scans) });
  const writer = new Writer(
    writeConnection,
    { query, native: writeConnection },
    {
      ...writing,
      waitsForDisk: synchronous === "full",
    },
  );
  return {
    capabilities: { concurrentClaims: false, timePrecisionMs: 0.001 },
    dialect: sqliteSqlDialect,
    now: options.now ?? Date.now,
    read,
    scan,
    writer,
    stopCheckpoints: () => writeConnection.handle.exec("PRAGMA wal_autocheckpoint = 0"),
    write: (work) => writer.write(work),
    writeLong: (work) => writer.write(work),
    lease: (work) => writer.lease(work),
    async close() {
      await writer.close();
      await scans.close();
      readConnection.handle.close();
      writeConnection.handle.exec("PRAGMA optimize");
      moveLog(writeConnection.handle);
      writeConnection.handle.close();
    },
  };
}

/**
 * SQLite does so when the last connection closes; but the driver keeps a closed one open until the garbage collector has found
 * its statements, so that nobody is the last.
 */
function moveLog(handle: DatabaseSyncInstance): void {
  try {
    handle.exec("PRAGMA wal_checkpoint(PASSIVE)");
  } catch {
    // A full disk, say: the log is read again when the database is opened.
  }
}

function migrate(handle: DatabaseSyncInstance): void {
  // IMMEDIATE: two processes that start together must not both create the tables.
  handle.exec("BEGIN IMMEDIATE");
  try {
    handle.exec("create table if not exists schema_migration (name text primary key, applied_at integer not null)");
    const rows = handle.prepare("select name from schema_migration").all() as { name: string }[];
    const applied = new Set(rows.map((row) => row.name));
    assertKnownMigrations(applied);
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
