import { loopIdOf } from "../../src/model/id.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { PROJECT } from "./chaos-loop.ts";
import { withSchema } from "./kill.ts";
import { startReceiver } from "./receiver.ts";
import { isOk, type Scenario } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { settleUp } from "./settle-up.ts";
import { startNode, type NodeOptions, type RunningNode } from "./start-node.ts";

const WORKERS = 4;
const KILL_EVERY_MS = 2_000;

/** Four workers on one PostgreSQL, one killed every two seconds and replaced; flaky judge, flaky receiver. */
export const workersPostgres: Scenario = {
  name: "workers-postgres",
  unavailable: ({ postgresUrl }) => (postgresUrl === null ? "no PostgreSQL" : null),
  run: ({ random, quick, broken, say, postgresUrl }) =>
    withSchema({ postgresUrl }, async (database) => {
      const total = quick ? 1_000 : 10_000;
      await using receiver = await startReceiver({ random, judgeFails: 0.05, judgeMs: 20, refused: 0.05 });
      const acknowledged = new Set<string>();
      const loopId = loopIdOf({ name: PROJECT, projectName: PROJECT });
      const front = await startNode({ database, receiver: receiver.url, work: "none" });
      const loading = sendLoad(front.url, acknowledged, { total, batch: 20, senders: 2, pauseMs: 10 });
      let named = 0;
      const start = async (): Promise<{ name: string; node: RunningNode }> => {
        const name = `w${(named += 1)}`;
        const options: NodeOptions = { database, receiver: receiver.url, judge: receiver.url, name, poolSize: 4 };
        return { name, node: await startNode({ ...options, ...(broken ? { broken: "dual-write" } : {}) }) };
      };
      const workers = await Promise.all(Array.from({ length: WORKERS }, start));
      await using store = await postgresStore({ ...database, poolSize: 2 });
      let kills = 0;
      let inFlight = 0;
      for (let quietRounds = 0; quietRounds < 1;) {
        await new Promise((resolve) => setTimeout(resolve, KILL_EVERY_MS));
        const at = Math.floor(random() * WORKERS);
        const victim = workers[at];
        if (!victim) continue;
        await victim.node.kill();
        kills += 1;
        // Answered or not: a call in flight is one whose verdict had not been written when the worker died.
        const asked = [...(receiver.open.get(victim.name) ?? [])];
        const written = await decidedAmong(store, loopId, asked);
        inFlight += asked.length - written;
        workers[at] = await start();
        const counts = await store.ledgerCounts({ loopId });
        if (kills % 5 === 0) say(`${kills} kills, ${counts.byState.decided} decided, ${counts.waiting} due`);
        if (counts.byState.decided >= total || kills >= 400) quietRounds += 1;
      }
      await loading.stop();
      for (const { node } of workers) await node.kill();
      await front.stop();
      const account = await settleUp({ database, receiver, acknowledged, judge: receiver.url });
      const paid = [...receiver.paid.values()].reduce((sum, count) => sum + count, 0);
      const extraCalls = paid - receiver.paid.size;
      const counts = { lost: account.lost, doubled: account.doubled, corrupt: 0 };
      const missing = total - account.acknowledged;
      const details = { traces: total, acknowledged: account.acknowledged, paid, extraCalls, inFlight };
      return { points: kills, ...counts, ok: isOk(counts) && missing === 0 && extraCalls <= inFlight, details };
    }),
};

async function decidedAmong(
  store: Awaited<ReturnType<typeof postgresStore>>,
  loopId: string,
  traceIds: readonly string[],
): Promise<number> {
  let decided = 0;
  for (let at = 0; at < traceIds.length; at += 1_000) {
    const chunk = traceIds.slice(at, at + 1_000);
    decided += (await store.verdictList({ loopId, traceIds: chunk, limit: chunk.length })).length;
  }
  return decided;
}
