import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { collectGarbageSoon } from "../../internal/collect-garbage.ts";
import { freeBuffer } from "../../internal/free-buffer.ts";
import { LoopsmithError, type ErrorCode } from "../../model/errors.ts";
import type { LedgerStore } from "../resource/ledger.ts";
import type { TouchedTrace } from "../resource/span.ts";
import { upsertFeedback } from "../sql/feedback.ts";
import type { FeedbackTable } from "../sql/schema.ts";
import type { LedgerTable } from "../sql/schema-loop.ts";
import { writeIngest } from "../sql/span-ingest.ts";
import { CHECKPOINT_PAGES } from "./checkpoint-pages.ts";
import { ingestStatements } from "./ingest.ts";
import { decodeIngest, type IngestMessage } from "./ingest-message.ts";
import { claimRows, enrolHeads } from "./ledger-rows.ts";
import { openSqlite, type SqliteDatabase, type SqliteOptions } from "./open-sqlite.ts";
import { writeVerdicts, type VerdictRows } from "./record-verdicts.ts";

/** What the thread writes, by name. */
export interface WriteJobs {
  ingest: { takes: IngestMessage; gives: { touched: TouchedTrace[] } };
  enrol: { takes: Parameters<LedgerStore["ledgerEnrol"]>[0]; gives: number };
  claim: { takes: Parameters<LedgerStore["ledgerClaim"]>[0]; gives: LedgerTable[] };
  record: { takes: VerdictRows[]; gives: Set<string> };
  feedback: { takes: FeedbackTable[]; gives: void };
}

type Work = {
  [Name in keyof WriteJobs]: { id: number; name: Name; params: WriteJobs[Name]["takes"] };
}[keyof WriteJobs];

/** What the thread is told: something to write, that it has the write lock, that others want it back, or to end. */
export type WriteRequest = Work | "take" | "give" | "close";

/** What became of one write, or that the write lock is given back. */
export type WriteReply = { id: number; result: unknown } | { id: number; error: ThreadError } | "given";

/** An error without its class, which does not survive the way between threads. */
export interface ThreadError {
  code: ErrorCode;
  message: string;
  hint: string;
}

/** Writes that share one commit at most: a longer group would keep its first member waiting, and others from the lock. */
const GROUP_SIZE = 24;

/** Buffers that do not wait for the garbage collector. */
const LARGE_BYTES = 1024 * 1024;

/** An ingest whose rows do not wait for the garbage collector either; clients usually send a hundred. */
const LARGE_ROWS = 2000;

const CHECKPOINT_MS = 2000;

const port = parentPort;
if (port) work(port, (workerData as { data: SqliteOptions }).data);

function work(port: MessagePort, options: SqliteOptions): void {
  // Nobody else waits for this thread, so a group ends with its last member.
  const database = openSqlite(options, { groupMs: Number.POSITIVE_INFINITY });
  const waiting: Work[] = [];
  let hasLock = false;
  let isWanted = false;
  let running = false;

  const writeWaiting = async (): Promise<void> => {
    running = true;
    while (hasLock && !isWanted && waiting.length > 0) {
      // Asked for in one turn, so the writer commits them as one group.
      const group = waiting.splice(0, GROUP_SIZE);
      const replies = await Promise.all(group.map((work) => answer(database, work)));
      for (const work of group) if (work.name === "ingest") tidy(work.params);
      for (const reply of replies) post(reply);
      // A turn of the event loop brings what has come meanwhile.
      await new Promise((next) => setImmediate(next));
    }
    running = false;
    if (!isWanted) return;
    hasLock = isWanted = false;
    post("given");
  };
  const post = (reply: WriteReply): void => port.postMessage(reply);

  void database.write(({ native }) => {
    native.handle.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return Promise.resolve();
  });
  // The other thread makes no checkpoints, so its small writes are looked after here; without anything new it costs nothing.
  const checkpoints = setInterval(() => database.writer.checkpoint(), CHECKPOINT_MS);

  port.on("message", (request: WriteRequest) => {
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

async function answer(database: SqliteDatabase, work: Work): Promise<WriteReply> {
  try {
    return { id: work.id, result: await write(database, work) };
  } catch (error) {
    return { id: work.id, error: toThreadError(error) };
  }
}

function write(database: SqliteDatabase, { name, params }: Work): Promise<WriteJobs[keyof WriteJobs]["gives"]> {
  const now = database.now();
  switch (name) {
    case "ingest":
      return database.write((transaction) => writeIngest(transaction, ingestStatements, decodeIngest(params), now));
    case "enrol":
      return database.write((transaction) => enrolHeads(transaction, params, now));
    case "claim":
      return database.lease((transaction) => Promise.resolve(claimRows(transaction, params, now)));
    case "feedback":
      return database.write(({ query }) => upsertFeedback(query, params, now));
    case "record":
      return database.write((transaction) => writeVerdicts(transaction, params, now));
  }
}

function tidy({ payloads, count }: IngestMessage): void {
  for (const buffer of payloads.buffers) if (buffer.byteLength > LARGE_BYTES) freeBuffer(buffer);
  if (count > LARGE_ROWS) collectGarbageSoon();
}

function toThreadError(error: unknown): ThreadError {
  if (LoopsmithError.isInstance(error)) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "internal", message: String(error), hint: "This is a bug in Loopsmith; please report it." };
}
