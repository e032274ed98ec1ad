import { parentPort, workerData } from "node:worker_threads";
import { LoopsmithError, type ErrorCode } from "../../model/errors.ts";
import type { TouchedTrace } from "../resource/span.ts";
import { writeIngest } from "../sql/span-ingest.ts";
import { CHECKPOINT_PAGES } from "./checkpoint-pages.ts";
import { ingestStatements } from "./ingest.ts";
import { decodeIngest, type IngestMessage } from "./ingest-message.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

/** What the thread is asked: several ingests to be committed together, or to end. */
export type IngestRequest = { id: number; ingests: IngestMessage[] } | "close";

/** By position, what became of each. */
export interface IngestReply {
  id: number;
  results: ({ touched: TouchedTrace[] } | { error: ThreadError })[];
}

/** An error without its class, which does not survive the way between threads. */
export interface ThreadError {
  code: ErrorCode;
  message: string;
  hint: string;
}

const CHECKPOINT_MS = 2000;

const port = parentPort;
if (port) {
  const database = openSqlite((workerData as { data: SqliteOptions }).data);
  void database.write(({ native }) => {
    native.handle.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return Promise.resolve();
  });
  // The other thread makes no checkpoints, so its small writes are looked after here; without anything new it costs nothing.
  const checkpoints = setInterval(() => {
    database.writer.checkpoint();
  }, CHECKPOINT_MS);

  const ingest = async (message: IngestMessage): Promise<IngestReply["results"][number]> => {
    try {
      const rows = decodeIngest(message);
      return await database.write((transaction) => writeIngest(transaction, ingestStatements, rows, database.now()));
    } catch (error) {
      return { error: toThreadError(error) };
    }
  };

  port.on("message", (request: IngestRequest) => {
    if (request === "close") {
      clearInterval(checkpoints);
      void database.close().then(() => port.close());
      return;
    }
    // Asked for in one turn, so the writer commits them as one group.
    void Promise.all(request.ingests.map(ingest)).then((results) => {
      port.postMessage({ id: request.id, results } satisfies IngestReply);
    });
  });
}

function toThreadError(error: unknown): ThreadError {
  if (LoopsmithError.isInstance(error)) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "internal", message: String(error), hint: "This is a bug in Loopsmith; please report it." };
}
