import type { Worker } from "node:worker_threads";
import { startThread } from "../../internal/start-thread.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { SqliteDatabase, SqliteOptions } from "./open-sqlite.ts";
import type { WriteJobs, WriteReply, WriteRequest } from "./write-worker.ts";

interface Unanswered {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/**
 * Writes on a thread of its own what is written most (ingests, feedback, and what judging claims and records), so that inserting and
 * waiting for the disk leave this one free to read requests and to judge. What comes is passed on at once; the thread writes
 * for as long as it has the database's one write lock, which it gives back when something is to be written here.
 */
export class WriteThread {
  readonly #options: SqliteOptions;
  readonly #database: Pick<SqliteDatabase, "writer" | "stopCheckpoints">;
  #worker: Worker | null = null;
  readonly #unanswered = new Map<number, Unanswered>();
  #nextId = 1;
  /** While the thread has the lock or waits for it. */
  #hasTurn = false;
  /** While somebody here waits for the thread to give the lock back. */
  #isAwaited = false;
  #endTurn: (() => void) | null = null;
  #allAnswered: (() => void) | null = null;
  #isClosing = false;

  constructor(options: SqliteOptions, database: Pick<SqliteDatabase, "writer" | "stopCheckpoints">) {
    this.#options = options;
    this.#database = database;
  }

  /** Whether it has been needed yet. From then on it most often has the lock, and small writes are best made there too. */
  get isRunning(): boolean {
    return this.#worker !== null;
  }

  /** Does one of its jobs; `transfer`: buffers that go there and are empty here afterwards. */
  run<Name extends keyof WriteJobs>(
    name: Name,
    params: WriteJobs[Name]["takes"],
    transfer: ArrayBuffer[] = [],
  ): Promise<WriteJobs[Name]["gives"]> {
    if (this.#isClosing) {
      return Promise.reject(toError("unavailable", "the store is closed", "Do not write after close()."));
    }
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      // First of all, since what cannot be cloned is refused here and nobody would answer it.
      worker.postMessage({ id, name, params } as WriteRequest, transfer);
      this.#unanswered.set(id, { resolve: (result) => resolve(result as WriteJobs[Name]["gives"]), reject });
      worker.ref();
      if (!this.#hasTurn) void this.#takeTurns();
    });
  }

  /** Takes nothing new and waits for what is being written; the database's writer must still run. */
  async settle(): Promise<void> {
    this.#isClosing = true;
    if (this.#unanswered.size > 0) await new Promise<void>((resolve) => (this.#allAnswered = resolve));
  }

  /** Ends the thread, once the writer is closed. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    worker.ref();
    worker.postMessage("close" satisfies WriteRequest);
    await ended;
    this.#worker = null;
  }

  async #takeTurns(): Promise<void> {
    this.#hasTurn = true;
    try {
      while (this.#unanswered.size > 0) await this.#database.writer.exclusive((wanted) => this.#lend(wanted));
    } catch (error) {
      this.#rejectAll(error);
    }
    this.#hasTurn = false;
  }

  #lend(wanted: Promise<void>): Promise<void> {
    const worker = this.#worker;
    if (!worker) return Promise.resolve();
    return new Promise((resolve) => {
      this.#endTurn = resolve;
      worker.postMessage("take" satisfies WriteRequest);
      void wanted.then(() => {
        this.#isAwaited = true;
        worker.ref();
        worker.postMessage("give" satisfies WriteRequest);
      });
    });
  }

  #start(): Worker {
    // The thread's log can grow long, and moving it into the file must not fall to this thread.
    this.#database.stopCheckpoints();
    const worker = startThread(new URL("./write-worker", import.meta.url), import.meta.url, this.#options);
    worker.on("message", (reply: WriteReply) => {
      if (reply === "given") {
        this.#isAwaited = false;
        this.#endTurn?.();
        this.#restWhenIdle(worker);
        return;
      }
      const waiting = this.#unanswered.get(reply.id);
      this.#unanswered.delete(reply.id);
      if ("result" in reply) waiting?.resolve(reply.result);
      else waiting?.reject(toError(reply.error.code, reply.error.message, reply.error.hint));
      if (this.#unanswered.size === 0) this.#allAnswered?.();
      this.#restWhenIdle(worker);
    });
    const fail = (error: unknown): void => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      // Whether it was committed is not known, and a retry of the same content changes nothing.
      this.#rejectAll(toError("unavailable", `the writing thread ended: ${String(error)}`, "Send the request again."));
      this.#endTurn?.();
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(`exit code ${code}`));
    return worker;
  }

  /** An idle thread does not keep the process alive; one that is waited for does. */
  #restWhenIdle(worker: Worker): void {
    if (this.#unanswered.size === 0 && !this.#isAwaited) worker.unref();
  }

  #rejectAll(error: unknown): void {
    for (const waiting of this.#unanswered.values()) waiting.reject(error);
    this.#unanswered.clear();
    this.#allAnswered?.();
  }
}

function toError(code: LoopsmithError["code"], message: string, hint: string): LoopsmithError {
  return new LoopsmithError(code, message, { hint });
}
