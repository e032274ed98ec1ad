import type { Worker } from "node:worker_threads";
import { startThread } from "../../internal/start-thread.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { TouchedTrace } from "../resource/span.ts";
import type { IngestRows } from "../sql/span-ingest.ts";
import { encodeIngest, type IngestMessage } from "./ingest-message.ts";
import type { IngestReply, IngestRequest } from "./ingest-worker.ts";
import type { SqliteDatabase, SqliteOptions } from "./open-sqlite.ts";

interface Waiting {
  /** `null` once it is sent: what waits for a commit should not weigh on the garbage collector. */
  message: IngestMessage | null;
  resolve(result: { touched: TouchedTrace[] }): void;
  reject(error: unknown): void;
}

/** Ingests that share one commit at most. */
const GROUP_SIZE = 24;

/**
 * Writes ingests on a thread of its own, so that inserting and waiting for the disk leave this one free to read requests.
 * It takes turns with the writer of this thread: never do both hold the database's write lock.
 */
export class IngestThread {
  readonly #options: SqliteOptions;
  readonly #database: Pick<SqliteDatabase, "writer" | "stopCheckpoints">;
  #worker: Worker | null = null;
  #waiting: Waiting[] = [];
  #pending: { id: number; members: Waiting[]; done: () => void } | null = null;
  #nextId = 1;

  constructor(options: SqliteOptions, database: Pick<SqliteDatabase, "writer" | "stopCheckpoints">) {
    this.#options = options;
    this.#database = database;
  }

  ingest(rows: IngestRows, ownsPayloads: boolean): Promise<{ touched: TouchedTrace[] }> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message: encodeIngest(rows, ownsPayloads), resolve, reject });
      // One turn takes along everybody who waits by then; a turn that finds nobody left is over at once.
      this.#database.writer.exclusive(() => this.#turn()).catch(reject);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    worker.ref();
    worker.postMessage("close" satisfies IngestRequest);
    await ended;
    this.#worker = null;
  }

  #turn(): Promise<void> {
    const members = this.#waiting.splice(0, GROUP_SIZE);
    if (members.length === 0) return Promise.resolve();
    const worker = (this.#worker ??= this.#start());
    const ingests = members.flatMap((member) => member.message ?? []);
    for (const member of members) member.message = null;
    // An idle thread does not keep the process alive, one at work does.
    worker.ref();
    return new Promise((resolve) => {
      const id = this.#nextId++;
      const done = (): void => {
        worker.unref();
        resolve();
      };
      this.#pending = { id, members, done };
      worker.postMessage(
        { id, ingests } satisfies IngestRequest,
        ingests.flatMap(({ payloads }) => payloads.buffers),
      );
    });
  }

  #start(): Worker {
    // The thread's log can grow long, and moving it into the file must not fall to this thread.
    this.#database.stopCheckpoints();
    const worker = startThread(new URL("./ingest-worker", import.meta.url), import.meta.url, this.#options);
    worker.on("message", ({ id, results }: IngestReply) => {
      const pending = this.#pending;
      if (pending?.id !== id) return;
      this.#pending = null;
      for (const [index, member] of pending.members.entries()) {
        const result = results[index];
        if (result && "touched" in result) member.resolve(result);
        else member.reject(toError(result?.error.code ?? "internal", result?.error.message, result?.error.hint));
      }
      pending.done();
    });
    const fail = (error: unknown): void => {
      this.#worker = null;
      const pending = this.#pending;
      this.#pending = null;
      // Whether it was committed is not known, and a retry of the same content changes nothing.
      const failure = toError("unavailable", `the writing thread ended: ${String(error)}`, "Send the request again.");
      for (const member of pending?.members ?? []) member.reject(failure);
      pending?.done();
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(`exit code ${code}`));
    return worker;
  }
}

function toError(
  code: LoopsmithError["code"],
  message = "no answer",
  hint = "Send the request again.",
): LoopsmithError {
  return new LoopsmithError(code, message, { hint });
}
