import { embeddedPlatform } from "../../platform/embedded.ts";
import { tallyOf } from "../run-tally.ts";
import { runReport, type RunReport } from "../summary.ts";
import { openDemo, type DemoOptions } from "./open-demo.ts";
import { FIRST_GUESS } from "./pipeline.ts";

/** The whole loop, offline: a real retrieval pipeline is traced into a real server, judged, routed and mined. */
export async function runDemo(options: DemoOptions): Promise<RunReport> {
  await using demo = await openDemo(options);
  const tally = tallyOf(demo.loop);
  await demo.askAll(FIRST_GUESS);
  await demo.judge();
  const platform = embeddedPlatform(demo.server);
  return await runReport({
    store: demo.store,
    loop: demo.loop,
    tally,
    patterns: await demo.loop.patterns({ window: "24h" }),
    queueSize: (queueName) => platform.queueSize({ queueName }),
    verified: demo.receiver.verified.size,
  });
}
