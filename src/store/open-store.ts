import { join, resolve } from "node:path";
import { LoopsmithError } from "../model/errors.ts";
import type { Store } from "./store.ts";

export interface OpenStoreOptions {
  /** Folder of the embedded SQLite database. @default ".loopsmith" */
  dataDir?: string;
  /** `postgres://...` scales out; absent means SQLite in `dataDir`. */
  databaseUrl?: string;
}

/** The file name inside the data directory. */
export const DATABASE_FILE = "loopsmith.db";

/** A SQLite file is opened once a process: two writers in one thread would wait for each other for ever. */
const opened = new Map<string, { store: Promise<Store>; holders: number }>();

/** What is used where the options name nothing; set once by the command line. */
let fallback: OpenStoreOptions = {};

export function setDefaultStore(options: OpenStoreOptions): void {
  fallback = options;
}

/**
 * Opens the store the options name. Drivers are loaded only when used. Whoever opens it closes it; the last one to close
 * releases the database.
 * @throws LoopsmithError `storage_full` or `unavailable`; `invalid` for a database URL of another kind
 */
export async function openStore(options: OpenStoreOptions = {}): Promise<Store> {
  const databaseUrl = options.databaseUrl ?? fallback.databaseUrl;
  if (databaseUrl !== undefined) return openPostgresStore(databaseUrl);
  const path = resolve(join(options.dataDir ?? fallback.dataDir ?? ".loopsmith", DATABASE_FILE));
  const known = opened.get(path);
  const entry = known ?? { store: openSqliteStore(path), holders: 0 };
  if (!known) opened.set(path, entry);
  entry.holders += 1;
  let store: Store;
  try {
    store = await entry.store;
  } catch (error) {
    opened.delete(path);
    throw error;
  }
  let held = true;
  const close = async (): Promise<void> => {
    if (!held) return;
    held = false;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    opened.delete(path);
    await store.close();
  };
  return { ...store, close, [Symbol.asyncDispose]: close };
}

async function openSqliteStore(path: string): Promise<Store> {
  const { sqliteStore } = await import("./sqlite/sqlite-store.ts");
  return sqliteStore({ path });
}

async function openPostgresStore(url: string): Promise<Store> {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new LoopsmithError("invalid", "LOOPSMITH_DATABASE_URL is not a postgres:// URL", {
      hint: "Use postgres://user:password@host:5432/database, or leave it out for SQLite in the data directory.",
    });
  }
  const { postgresStore } = await import("./postgres/postgres-store.ts");
  return postgresStore({ url });
}
