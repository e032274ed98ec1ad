import { join } from "node:path";
import type { Store } from "./store.ts";

export interface OpenStoreOptions {
  /** Folder of the embedded SQLite database. @default ".loopsmith" */
  dataDir?: string;
  /** `postgres://...` scales out; absent means SQLite in `dataDir`. */
  databaseUrl?: string;
}

/** The file name inside the data directory. */
const DATABASE_FILE = "loopsmith.db";

/**
 * Opens the store the options name. Drivers are loaded only when used.
 * @throws LoopsmithError `storage_full`, `unavailable`, or `not_implemented` for an unknown database URL
 */
export async function openStore(options: OpenStoreOptions = {}): Promise<Store> {
  const { sqliteStore } = await import("./sqlite/sqlite-store.ts");
  return sqliteStore({ path: join(options.dataDir ?? ".loopsmith", DATABASE_FILE) });
}
