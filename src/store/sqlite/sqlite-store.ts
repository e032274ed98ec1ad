import { sqlStore } from "../sql/sql-store.ts";
import { toIngestRows } from "../sql/span-ingest.ts";
import type { Store } from "../store.ts";
import { deliveryStatements } from "./delivery.ts";
import { ingestStatements } from "./ingest.ts";
import { IngestThread } from "./ingest-thread.ts";
import { ledgerStatements } from "./ledger.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

/** Smaller ingests are written on this thread: handing them over would cost more than it saves. */
const THREAD_FROM_SPANS = 32;

/**
 * The embedded store: one file, nothing to install.
 * @throws LoopsmithError `storage_full` or `unavailable`, see {@link openSqlite}
 */
export function sqliteStore(options: SqliteOptions): Promise<Store> {
  return Promise.resolve().then(() => {
    const database = openSqlite(options);
    const store = sqlStore(database, {
      ingest: ingestStatements,
      ledger: ledgerStatements,
      delivery: deliveryStatements,
    });
    // A clock of the caller's cannot be read from another thread.
    if (options.now) return store;
    const thread = new IngestThread(options, database);
    const close = async (): Promise<void> => {
      await database.writer.close();
      await thread.close();
      await database.close();
    };
    return {
      ...store,
      spanIngest: (params) =>
        params.spans.length < THREAD_FROM_SPANS ? store.spanIngest(params) : thread.ingest(toIngestRows(params)),
      close,
      [Symbol.asyncDispose]: close,
    };
  });
}
