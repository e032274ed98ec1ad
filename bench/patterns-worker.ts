import { parentPort } from "node:worker_threads";
import { runClusteredNoise, runNoise } from "./patterns-noise.ts";
import { runPlanted } from "./patterns-planted.ts";
import type { PlantedOptions } from "./patterns-planted.ts";

/** One simulated window; the same task gives the same outcome in whatever thread. */
export type Task =
  | ({ kind: "planted" } & PlantedOptions)
  | { kind: "noise"; n: number; seed: number; run: number }
  | { kind: "clustered"; n: number; seed: number; run: number };

parentPort?.on("message", (task: Task) => {
  parentPort?.postMessage(
    task.kind === "planted"
      ? runPlanted(task)
      : (task.kind === "noise" ? runNoise : runClusteredNoise)(task.n, task.seed, task.run),
  );
});
