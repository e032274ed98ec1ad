import { sqlStore } from "../sql/sql-store.ts";
import { toIngestRows } from "../sql/span-ingest.ts";
import type { SpanIngestParams } from "../resource/span.ts";
import type { Store } from "../store.ts";
import { deliveryStatements } from "./delivery.ts";
import { ingestStatements } from "./ingest.ts";
import { IngestThread } from "./ingest-thread.ts";
import { ledgerStatements } from "./ledger.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

/** Smaller ingests are written on this thread: handing them over would cost more than it saves. */
const THREAD_FROM_SPANS = 32;
const THREAD_FROM_BYTES = 512 * 1024;

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
      await thread.settle();
      await database.writer.close();
      await thread.close();
      await database.close();
    };
    return {
      ...store,
      spanIngest: (params) =>
        isLarge(params) ? thread.ingest(toIngestRows(params), params.ownsPayloads ?? false) : store.spanIngest(params),
      close,
      [Symbol.asyncDispose]: close,
    };
  });
}

function isLarge({ spans, attachments = [] }: SpanIngestParams): boolean {
  if (spans.length >= THREAD_FROM_SPANS) return true;
  let bytes = 0;
  for (const { inputs, outputs, extra, events, serialized } of spans) {
    for (const payload of [inputs, outputs, extra, events, serialized]) bytes += payload?.byteLength ?? 0;
  }
  for (const attachment of attachments) bytes += attachment.bytes.byteLength;
  return bytes >= THREAD_FROM_BYTES;
}
