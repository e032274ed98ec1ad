import { MessageChannel, parentPort, workerData, type MessagePort } from "node:worker_threads";
import { LoopsmithError, type ErrorCode } from "../../model/errors.ts";
import type { TouchedTrace } from "../resource/span.ts";
import { writeIngest } from "../sql/span-ingest.ts";
import { CHECKPOINT_PAGES } from "./checkpoint-pages.ts";
import { ingestStatements } from "./ingest.ts";
import { decodeIngest, type IngestMessage } from "./ingest-message.ts";
import { openSqlite, type SqliteDatabase, type SqliteOptions } from "./open-sqlite.ts";

/** What the thread is told: something to write, that it has the write lock, that others want it back, or to end. */
export type IngestRequest = { id: number; ingest: IngestMessage } | "take" | "give" | "close";

/** What became of an ingest, or that the write lock is given back. */
export type IngestReply = { id: number; touched: TouchedTrace[] } | { id: number; error: ThreadError } | "given";

/** An error without its class, which does not survive the way between threads. */
export interface ThreadError {
  code: ErrorCode;
  message: string;
  hint: string;
}

/** Ingests that share one commit at most: a longer group would keep its first member waiting, and others from the lock. */
const GROUP_SIZE = 24;

/** Buffers that do not wait for the garbage collector. */
const LARGE_BYTES = 1024 * 1024;

const CHECKPOINT_MS = 2000;

const port = parentPort;
if (port) work(port, (workerData as { data: SqliteOptions }).data);

function work(port: MessagePort, options: SqliteOptions): void {
  // Nobody else waits for this thread, so a group ends with its last member.
  const database = openSqlite(options, { groupMs: Number.POSITIVE_INFINITY });
  const waiting: Exclude<IngestRequest, string>[] = [];
  let hasLock = false;
  let isWanted = false;
  let running = false;

  const writeWaiting = async (): Promise<void> => {
    running = true;
    while (hasLock && !isWanted && waiting.length > 0) {
      // Asked for in one turn, so the writer commits them as one group.
      const group = waiting.splice(0, GROUP_SIZE);
      const replies = await Promise.all(group.map(({ id, ingest }) => write(database, id, ingest)));
      for (const { ingest } of group) freeBuffers(ingest);
      for (const reply of replies) post(reply);
      // A turn of the event loop brings what has come meanwhile.
      await new Promise((next) => setImmediate(next));
    }
    running = false;
    if (!isWanted) return;
    hasLock = isWanted = false;
    post("given");
  };
  const post = (reply: IngestReply): void => port.postMessage(reply);

  void database.write(({ native }) => {
    native.handle.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return Promise.resolve();
  });
  // The other thread makes no checkpoints, so its small writes are looked after here; without anything new it costs nothing.
  const checkpoints = setInterval(() => database.writer.checkpoint(), CHECKPOINT_MS);

  port.on("message", (request: IngestRequest) => {
    if (request === "close") {
      clearInterval(checkpoints);
      void database.close().then(() => port.close());
      return;
    }
    if (request === "take") hasLock = true;
    else if (request === "give") isWanted = true;
    else waiting.push(request);
    if (!running) void writeWaiting();
  });
}

async function write(database: SqliteDatabase, id: number, message: IngestMessage): Promise<IngestReply> {
  try {
    const rows = decodeIngest(message);
    const { touched } = await database.write((transaction) =>
      writeIngest(transaction, ingestStatements, rows, database.now()),
    );
    return { id, touched };
  } catch (error) {
    return { id, error: toThreadError(error) };
  }
}

const { port1: nowhere, port2: end } = new MessageChannel();
end.close();

/** What is sent to nobody is freed at once; the garbage collector would leave large buffers for long. */
function freeBuffers({ payloads }: IngestMessage): void {
  const large = payloads.buffers.filter((buffer) => buffer.byteLength > LARGE_BYTES);
  if (large.length > 0) nowhere.postMessage(null, large);
}

function toThreadError(error: unknown): ThreadError {
  if (LoopsmithError.isInstance(error)) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "internal", message: String(error), hint: "This is a bug in Loopsmith; please report it." };
}
