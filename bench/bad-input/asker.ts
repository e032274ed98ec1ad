// Thread of bench/bad-input.ts: asks for `/info` again and again, as another client would. It has a thread of its own, so
// that what the bench does to send its bad input does not count as waiting.
import { parentPort, workerData } from "node:worker_threads";
import { ask } from "./requests.ts";

const url = workerData as string;
let longestWaitMs = 0;

parentPort?.on("message", () => {
  parentPort?.postMessage(longestWaitMs);
  longestWaitMs = 0;
});

for (;;) {
  const askedAt = performance.now();
  await ask(`${url}/info`);
  longestWaitMs = Math.max(longestWaitMs, performance.now() - askedAt);
  await new Promise((resolve) => setTimeout(resolve, 3));
}
