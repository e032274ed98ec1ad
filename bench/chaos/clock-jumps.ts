import { join } from "node:path";
import { embeddedPlatform } from "../../src/platform/embedded.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { createServer, type Server } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { until } from "../loop/until.ts";
import { chaosLoop } from "./chaos-loop.ts";
import { startReceiver } from "./receiver.ts";
import { isOk, type Scenario } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { takeAccount } from "./settle-up.ts";

/** The store's clock jumps by up to an hour either way under load, several times a second. */
export const clockJumps: Scenario = {
  name: "clock-jumps",
  async run({ random, quick, broken, folder }) {
    const jumps = quick ? 20 : 200;
    let offset = 0;
    const acknowledged = new Set<string>();
    await using receiver = await startReceiver({ random, lostAcks: 0 });
    await using store = await sqliteStore({ path: join(folder, "c.db"), now: () => Date.now() + offset });
    const server = createServer({ store });
    await using loop = chaosLoop({ client: broken ? highWaterMark(server) : server, receiver: receiver.url });
    await loop.start();
    const send: typeof fetch = (input, init) => server.fetch(input as string, init);
    const load = sendLoad("http://loopsmith.internal", acknowledged, { pauseMs: 20, send });
    for (let jump = 0; jump < jumps; jump += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      offset = (random() * 2 - 1) * 3_600_000;
    }
    await load.stop();
    // Everything that was stamped in a future hour is due now.
    offset = 2.5 * 3_600_000;
    const account = (): ReturnType<typeof takeAccount> => takeAccount(store, receiver.ids, acknowledged);
    await until(async () => (await account()).lost === 0, 30_000, 500).catch(() => undefined);
    const { lost, doubled } = await account();
    const counts = { lost, doubled, corrupt: 0 };
    return { points: jumps, ...counts, ok: isOk(counts), details: { acknowledged: acknowledged.size } };
  },
};

/** The negative control: asks for what changed after the latest change it has seen, as a plain cursor does. */
function highWaterMark(server: Server): Platform {
  const { subscribe: _subscribe, ...platform } = embeddedPlatform(server);
  let seenTo = 0;
  return {
    ...platform,
    async *traceHeads(params) {
      for await (const heads of platform.traceHeads({ ...params, startFrom: 0, changedFrom: seenTo })) {
        for (const head of heads) seenTo = Math.max(seenTo, head.changedAt);
        yield heads;
      }
    },
  };
}
