import { sqlStore } from "../sql/sql-store.ts";
import type { Store } from "../store.ts";
import { deliveryStatements } from "./delivery.ts";
import { ingestStatements } from "./ingest.ts";
import { ledgerStatements } from "./ledger.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

/**
 * The embedded store: one file, nothing to install.
 * @throws LoopsmithError `storage_full` or `unavailable`, see {@link openSqlite}
 */
export function sqliteStore(options: SqliteOptions): Promise<Store> {
  return Promise.resolve().then(() =>
    sqlStore(openSqlite(options), { ingest: ingestStatements, ledger: ledgerStatements, delivery: deliveryStatements }),
  );
}
