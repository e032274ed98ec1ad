// Child of bench/ingest.ts: the server as `loopsmith serve` runs it, over a database in the folder it is given. The built
// package is what users run, so it is what is measured where there is one.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type * as ServerModule from "../../src/server/index.ts";
import type * as StoreModule from "../../src/store/open-store.ts";
import { isBuilt, loadBuilt } from "../load-built.ts";

const { createServer, listen } = await loadBuilt<typeof ServerModule>("server/index");
const { openStore } = await loadBuilt<typeof StoreModule>("store/open-store");

const [dataDir = "", databaseUrl = ""] = process.argv.slice(2);
const store = await openStore(databaseUrl === "" ? { dataDir } : { databaseUrl });
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
  if (message === "stall") {
    process.send?.({ stallMs: delay.max / 1e6 });
    delay.reset();
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
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      stallMs: delay.max / 1e6,
      isBuilt,
    });
    process.disconnect();
  })();
});
