// Child of bench/ingest.ts: the server as `loopsmith serve` runs it, over a database in the folder it is given.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createServer, listen } from "../../src/server/index.ts";
import { openStore } from "../../src/store/open-store.ts";

const store = await openStore({ dataDir: process.argv[2] ?? "" });
const listening = await listen(createServer({ store, logger: console }), { port: 0 });
const delay = monitorEventLoopDelay({ resolution: 5 });
let before = process.cpuUsage();
process.send?.({ url: listening.url });

process.on("message", (message) => {
  if (message === "begin") {
    before = process.cpuUsage();
    delay.enable();
    return;
  }
  void (async () => {
    const cpu = process.cpuUsage(before);
    delay.disable();
    const { count } = await store.spanStats({});
    await listening.close();
    await store.close();
    process.send?.({
      stored: count,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      rssBytes: process.memoryUsage.rss(),
      stallMs: delay.max / 1e6,
    });
    process.disconnect();
  })();
});
