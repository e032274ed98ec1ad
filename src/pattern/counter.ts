import { startThread } from "../internal/start-thread.ts";
import { LoopsmithError } from "../model/errors.ts";

/** What the thread is told: one more bucket, or a question. */
export type CounterMessage = { bucket: Uint8Array } | { question: Uint8Array };

/** Bitmaps in a thread of their own, which counts in them what it is asked. */
export interface Counter {
  /** A bucket as `encodeBucket` wrote it; buckets are given in order of time. */
  add: (bucket: Uint8Array) => void;
  /** A `CountRequest` as a message in, a `ShareAnswer` as a message out. One at a time. */
  answer: (question: Uint8Array) => Promise<Uint8Array>;
  close: () => Promise<void>;
}

/** @throws LoopsmithError `internal` from `answer` when the thread dies */
export function startCounter(): Counter {
  const worker = startThread(new URL("./counter-worker", import.meta.url), import.meta.url, null);
  const tell = (message: CounterMessage): void => worker.postMessage(message);
  return {
    add: (bucket) => tell({ bucket }),
    answer: (question) =>
      new Promise((resolve, reject) => {
        const forget = (): void => void worker.off("message", done).off("error", failed).off("exit", died);
        const done = (answer: Uint8Array): void => {
          forget();
          resolve(answer);
        };
        const failed = (error: unknown): void => {
          forget();
          reject(error as Error);
        };
        const died = (code: number): void =>
          failed(
            new LoopsmithError("internal", `the counting thread ended with code ${code}`, {
              hint: "Start more workers, so that each holds a smaller share, or give the process more memory.",
            }),
          );
        worker.once("message", done).once("error", failed).once("exit", died);
        tell({ question });
      }),
    close: async () => void (await worker.terminate()),
  };
}
