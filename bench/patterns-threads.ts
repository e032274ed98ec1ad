import { Worker } from "node:worker_threads";
import type { Task } from "./patterns-worker.ts";

/** Runs the tasks in `threads` threads, the next one wherever a thread is free; outcomes in the order of the tasks. */
export async function runTasks<Outcome>(
  tasks: readonly Task[],
  threads: number,
  onDone: (done: number) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let [next, done] = [0, 0];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./patterns-worker.ts", import.meta.url));
      let at = -1;
      const proceed = (): void => {
        at = next;
        next += 1;
        const task = tasks[at];
        if (task === undefined) resolve(void worker.terminate());
        else worker.postMessage(task);
      };
      worker.on("error", reject);
      worker.on("message", (outcome: Outcome) => {
        outcomes[at] = outcome;
        done += 1;
        onDone(done);
        proceed();
      });
      proceed();
    });
  await Promise.all(Array.from({ length: Math.min(threads, tasks.length) }, work));
  return outcomes;
}
