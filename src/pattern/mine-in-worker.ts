import type { Worker } from "node:worker_threads";
import { startThread } from "../internal/start-thread.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { FeatureRow, PatternReport } from "../model/pattern.ts";
import type { BitTable } from "./bit-table.ts";
import type { Codebook } from "./codebook.ts";
import type { MineOptions, SearchSettings } from "./mine-patterns.ts";

/** What to mine: rows, or bitmaps that are already there. */
export type MineJob =
  | { kind: "rows"; rows: readonly FeatureRow[]; options?: MineOptions }
  | { kind: "table"; table: BitTable; codebook: Codebook; options?: SearchSettings };

export type MineReply =
  | { ok: true; report: PatternReport }
  | { ok: false; code: ErrorCode; message: string; hint: string };

/**
 * `minePatterns` or `mineTable` in a worker thread of its own, so that a large window does not hold up the event loop. The
 * job is copied to the worker. The worker ends with the job, or when `signal` aborts.
 *
 * @throws LoopsmithError what mining throws; `internal` when the worker dies; the signal's reason when it aborts.
 */
export async function mineInWorker(job: MineJob, { signal }: { signal?: AbortSignal } = {}): Promise<PatternReport> {
  signal?.throwIfAborted();
  const worker = startThread(new URL("./mine-worker", import.meta.url), import.meta.url, job);
  const stop = (): void => void worker.terminate();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const reply = await replyOf(worker, signal);
    if (reply.ok) return reply.report;
    throw new LoopsmithError(reply.code, reply.message, { hint: reply.hint });
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

function replyOf(worker: Worker, signal: AbortSignal | undefined): Promise<MineReply> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => {
      const died = new LoopsmithError("internal", `the mining worker ended with code ${code} before it replied`, {
        hint: "Mine a shorter window, or give the process more memory.",
      });
      reject(signal?.aborted ? (signal.reason as Error) : died);
    });
  });
}
