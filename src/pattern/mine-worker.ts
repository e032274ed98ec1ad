import { parentPort, workerData } from "node:worker_threads";
import { LoopsmithError, errorMessage } from "../model/errors.ts";
import type { MineJob, MineReply } from "./mine-in-worker.ts";
import { minePatterns, mineTable } from "./mine-patterns.ts";

/** The other end of `mineInWorker`: one job in, one reply out. */
function run(job: MineJob): MineReply {
  try {
    const report =
      job.kind === "rows" ? minePatterns(job.rows, job.options) : mineTable(job.table, job.codebook, job.options);
    return { ok: true, report };
  } catch (error) {
    if (LoopsmithError.isInstance(error))
      return { ok: false, code: error.code, message: error.message, hint: error.hint };
    return { ok: false, code: "internal", message: errorMessage(error), hint: "Report this with the window's size." };
  }
}

parentPort?.postMessage(run((workerData as { data: MineJob }).data));
