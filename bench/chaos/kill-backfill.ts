import { join } from "node:path";
import { createServer } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { stableId } from "../../src/model/id.ts";
import { PROJECT } from "./chaos-loop.ts";
import { sqliteProblem } from "./integrity.ts";
import { startReceiver } from "./receiver.ts";
import { sleep } from "./recovery.ts";
import { isOk, type Scenario, type ScenarioContext } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { settleUp } from "./settle-up.ts";
import { prepareNode } from "./start-node.ts";

/** Webhooks at most before a kill, of every fourth trace; and traces enough that there is always something left to do. */
const MAX_WEBHOOKS = 40;
const TRACES_A_KILL = 400;
const MAX_WAIT_MS = 10_000;

/** A backfill over history is killed again and again in the middle of its work, and called again each time. */
export async function killBackfill(
  { random, quick, broken, folder, say }: ScenarioContext,
  points = quick ? 3 : 30,
): ReturnType<Scenario["run"]> {
  const database = { path: join(folder, "l.db") };
  const total = points * TRACES_A_KILL;
  await using receiver = await startReceiver({ random });
  const acknowledged = new Set<string>();
  {
    await using store = await sqliteStore(database);
    const server = createServer({ store });
    const send: typeof fetch = (input, init) => server.fetch(input as string, init);
    await sendLoad("http://loopsmith.internal", acknowledged, { total, batch: 100, pauseMs: 0, send }).done;
  }
  const options = { database, receiver: receiver.url, work: "backfill" as const };
  let prepared = prepareNode();
  for (let point = 0; point < points; point += 1) {
    const node = await (await prepared).begin({ ...options, ...(broken ? { broken: "dual-write" } : {}) });
    prepared = prepareNode();
    const enough = receiver.received() + random() * MAX_WEBHOOKS;
    const giveUpAt = performance.now() + MAX_WAIT_MS;
    while (receiver.received() < enough && performance.now() < giveUpAt) await sleep(2);
    await sleep(random() * 20);
    await node.kill();
    if (point % 10 === 9) say(`${point + 1} kills`);
  }
  await (await prepared).kill();
  const judgedByKilled = await countJudged(database.path);
  const corrupt = sqliteProblem(database.path) === null ? 0 : 1;
  const { lost, missing, doubled } = await settleUp({ database, receiver, acknowledged });
  const counts = { lost, doubled, corrupt };
  const details = { traces: acknowledged.size, judgedByKilled, missing };
  const wasUnderway = judgedByKilled > 0 && judgedByKilled < total;
  return { points, ...counts, ok: isOk(counts) && wasUnderway && acknowledged.size === total, details };
}

async function countJudged(path: string): Promise<number> {
  await using store = await sqliteStore({ path });
  const { byState } = await store.ledgerCounts({ loopId: stableId("loop", PROJECT, PROJECT) });
  return byState.decided;
}

export const backfillKills: Scenario = { name: "kill-9-backfill", run: (context) => killBackfill(context) };
