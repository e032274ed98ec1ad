import type { Worker } from "node:worker_threads";
import { startThread } from "../../internal/start-thread.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { ScanReply, ScanRequest } from "./scan-worker.ts";
import type { Bindable, Connection } from "./statement-cache.ts";

/** Below so many spans ever written no query takes long enough to be worth the way to another thread. */
const LARGE_FROM_SPANS = 20_000;
const LOOK_AGAIN_MS = 1000;

/** Runs queries that may look at many rows on a thread of its own, so that they hold nobody else up. */
export class ScanThread {
  readonly #path: string;
  readonly #local: Connection;
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, { resolve(rows: unknown[]): void; reject(error: unknown): void }>();
  #nextId = 1;
  #isLarge = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, local: Connection) {
    this.#path = path;
    this.#local = local;
  }

  /** Whether the database is large enough for the thread. Row ids only grow, so the newest tells without counting. */
  get isLarge(): boolean {
    if (!this.#isLarge && performance.now() - this.#lookedAt > LOOK_AGAIN_MS) {
      this.#lookedAt = performance.now();
      const newest = this.#local.prepare("select max(rowid) as rowid from span").get() as { rowid: number | null };
      this.#isLarge = (newest.rowid ?? 0) >= LARGE_FROM_SPANS;
    }
    return this.#isLarge;
  }

  all(sql: string, parameters: Bindable[]): Promise<unknown[]> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    // An idle thread does not keep the process alive, one at work does.
    worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, sql, parameters } satisfies ScanRequest);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    worker.ref();
    worker.postMessage("close" satisfies ScanRequest);
    await ended;
  }

  #start(): Worker {
    const worker = startThread(new URL("./scan-worker", import.meta.url), import.meta.url, { path: this.#path });
    worker.on("message", (reply: ScanReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (this.#waiting.size === 0) worker.unref();
      if ("rows" in reply) waiting?.resolve(reply.rows);
      // As an error of this thread's own connection would come: a query that cannot be run is a bug.
      else waiting?.reject(new Error(reply.error));
    });
    const fail = (error: unknown): void => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      const ended = new LoopsmithError("unavailable", `the reading thread ended: ${String(error)}`, {
        hint: "Send the request again.",
      });
      for (const waiting of this.#waiting.values()) waiting.reject(ended);
      this.#waiting.clear();
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(`exit code ${code}`));
    return worker;
  }
}
