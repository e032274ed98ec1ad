import { nextTurn } from "../../internal/next-turn.ts";
import { toFeedbackRows } from "../sql/feedback.ts";
import { sqlStore } from "../sql/sql-store.ts";
import { toIngestRows } from "../sql/span-ingest.ts";
import type { SpanIngestParams } from "../resource/span.ts";
import type { Store } from "../store.ts";
import { deliveryStatements } from "./delivery.ts";
import { ingestStatements } from "./ingest.ts";
import { encodeIngest } from "./ingest-message.ts";
import { ledgerStatements } from "./ledger.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";
import { WriteThread } from "./write-thread.ts";

/**
 * Smaller ingests are written on this thread while the other is not needed for anything else. Once it runs they go there too:
 * it moves pages from the log into the file, and a commit here that meets it waits for the disk (375 ms measured) with all
 * requests behind it.
 */
const THREAD_FROM_SPANS = 32;
const THREAD_FROM_BYTES = 512 * 1024;

/**
 * The embedded store: one file, nothing to install.
 * @throws LoopsmithError `storage_full` or `unavailable`, see {@link openSqlite}
 */
export function sqliteStore(options: SqliteOptions): Promise<Store> {
  return Promise.resolve().then(() => {
    const database = openSqlite(options);
    // A clock of the caller's cannot be read from another thread.
    const thread = options.now ? null : new WriteThread(options, database);
    const store = sqlStore(database, {
      ingest: ingestStatements,
      ledger: ledgerStatements(thread),
      delivery: deliveryStatements,
    });
    if (!thread) return store;
    const close = async (): Promise<void> => {
      await thread.settle();
      await database.writer.close();
      await thread.close();
      await database.close();
    };
    return {
      ...store,
      spanIngest: (params) =>
        thread.isRunning || isLarge(params) ? ingestByThread(thread, params) : store.spanIngest(params),
      // A large value is made text here, with rests: cloning the object on its way would take as long, and without any.
      feedbackWrite: async (params) =>
        thread.isRunning
          ? thread.run("feedback", await toFeedbackRows(params.feedback, database.now()))
          : store.feedbackWrite(params),
      close,
      [Symbol.asyncDispose]: close,
    };
  });
}

async function ingestByThread(thread: WriteThread, params: SpanIngestParams): ReturnType<Store["spanIngest"]> {
  const steps = encodeIngest(toIngestRows(params), params.ownsPayloads ?? false);
  let step = steps.next();
  // What needs no rest is with the thread before this returns, so that a store that closes next still writes it.
  for (; !step.done; step = steps.next()) await nextTurn();
  return thread.run("ingest", step.value, step.value.payloads.buffers);
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
