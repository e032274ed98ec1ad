import { sqlStore } from "../sql/sql-store.ts";
import type { Store } from "../store.ts";
import { deliveryStatements } from "./delivery.ts";
import { ingestStatements } from "./ingest.ts";
import { ledgerStatements } from "./ledger.ts";
import { openPostgres, type PostgresOptions } from "./open-postgres.ts";

/**
 * The store that many processes share.
 * @throws LoopsmithError `unavailable` or `not_implemented`, see {@link openPostgres}
 */
export async function postgresStore(options: PostgresOptions): Promise<Store> {
  const db = await openPostgres(options);
  return sqlStore(db, { ingest: ingestStatements, ledger: ledgerStatements, delivery: deliveryStatements });
}
