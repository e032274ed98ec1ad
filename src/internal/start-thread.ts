import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** Loads a TypeScript module where Node cannot do so by itself: only in a checkout, never in the published package. */
const LOAD_TYPESCRIPT = `
  const { workerData } = require("node:worker_threads");
  const { createJiti } = require(workerData.jiti);
  createJiti(workerData.module).import(workerData.module).catch((error) => { throw error; });
`;

/**
 * Starts a module of ours as a worker thread. `module` is its URL without the extension, which follows the caller's: `.ts`
 * in a checkout, `.js` in the package. The module finds `data` under `workerData.data`.
 */
export function startThread(module: URL, callerUrl: string, data: unknown): Worker {
  const isSource = callerUrl.endsWith(".ts");
  const file = fileURLToPath(`${module.href}.${isSource ? "ts" : "js"}`);
  // The parent's flags and loaders are for the parent: some, like --input-type, would keep the thread from starting.
  const execArgv: string[] = [];
  if (!isSource) return new Worker(file, { execArgv, workerData: { data } });
  const jiti = createRequire(import.meta.url).resolve("jiti");
  return new Worker(LOAD_TYPESCRIPT, { eval: true, execArgv, workerData: { data, module: file, jiti } });
}
