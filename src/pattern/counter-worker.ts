import { parentPort } from "node:worker_threads";
import type { BitBlock } from "./bit-table.ts";
import { decodeBucket } from "./bucket-bytes.ts";
import type { CounterMessage } from "./counter.ts";
import { createKernel } from "./kernel/create-kernel.ts";
import type { CountRequest } from "./mine/count-request.ts";
import { decodeMessage, encodeMessage } from "./mine/message.ts";
import { answerShare } from "./mine/shared-count.ts";

/** The other end of `startCounter`. */
const kernel = createKernel();
const table = { items: 0, failing: [] as BitBlock[], passing: [] as BitBlock[] };

parentPort?.on("message", (message: CounterMessage) => {
  if ("bucket" in message) {
    const { items, failing, passing } = decodeBucket(message.bucket).table;
    table.items = items;
    table.failing.push(...failing);
    table.passing.push(...passing);
    return;
  }
  const request = decodeMessage(message.question) as CountRequest;
  parentPort?.postMessage(encodeMessage(answerShare(kernel, table, request)));
});
