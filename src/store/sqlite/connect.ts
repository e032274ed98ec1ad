import { DatabaseSync, type DatabaseSyncInstance } from "@photostructure/sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { withStatementCache, type Connection } from "./statement-cache.ts";

/** Older versions can lose commits when two connections meet a checkpoint (the "WAL reset" bug, fixed in 3.51.3). */
const OLDEST_SAFE_SQLITE = [3, 51, 3] as const;

/** Memory for pages of the file, in KiB. What does not fit is read again from the system's cache, which is next to free. */
const CACHE_KIB = { large: 32_768, small: 8192 } as const;

/**
 * One connection to a database file, which is created together with its folder. A `large` cache is for a connection that
 * writes: indexes take new entries all over, and a page that had to leave the cache is read, changed and logged once more.
 * @throws LoopsmithError `storage_full` when the folder cannot be written, `unavailable` when the file cannot be opened
 */
export function connect(
  path: string,
  synchronous: "full" | "normal" | "off",
  cache: keyof typeof CACHE_KIB = "small",
): Connection {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const handle = new DatabaseSync(path, { timeout: 10_000 });
    assertSafe(handle);
    // The driver's own default is NORMAL, which a power cut can undo.
    handle.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -${CACHE_KIB[cache]}; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF`);
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
