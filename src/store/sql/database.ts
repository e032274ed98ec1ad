import type { Kysely } from "kysely";
import type { StoreCapabilities } from "../store.ts";
import type { SqlDialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";

/**
 * What the portable queries in this folder stand on. Each database folder provides one; the queries never ask which
 * database it is.
 */
export interface Database<Native = unknown> {
  readonly capabilities: StoreCapabilities;
  readonly dialect: SqlDialect;
  /** The database's clock, epoch ms. */
  now(): number;
  /** For queries outside a transaction; sees everything committed. */
  readonly read: Kysely<Schema>;
  /** `read` for queries that may have to look at very many rows: an embedded database runs them beside everything else. */
  readonly scan: Kysely<Schema>;
  /**
   * Runs `work` inside one durable transaction and resolves after commit. `work` may do nothing but talk to the
   * database: on SQLite one writer serves everybody and commits several callers' work with one fsync, each behind its own
   * savepoint, so one caller's error never undoes another's work.
   */
  write<T>(work: (transaction: WriteTransaction<Native>) => Promise<T>): Promise<T>;
  /** `write` whose statements may go over very many rows. */
  writeLong<T>(work: (transaction: WriteTransaction<Native>) => Promise<T>): Promise<T>;
  /**
   * `write` for one statement that only hands out leases. It waits for no disk: a lease that a power cut forgets is one
   * that has run out, and whoever held it finds out at the fence.
   */
  lease<T>(work: (transaction: WriteTransaction<Native>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface WriteTransaction<Native = unknown> {
  readonly query: Kysely<Schema>;
  /** The driver's own connection, for the hand-tuned statements of the database's folder. */
  readonly native: Native;
}
