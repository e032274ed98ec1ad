import { Client, Pool } from "pg";
import { startReceiver, type Receiver } from "./receiver.ts";
import { postgresPrograms, startCluster, type Cluster } from "./cluster.ts";
import { isOk, type Scenario, type ScenarioContext } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { settleUp } from "./settle-up.ts";
import { startNode } from "./start-node.ts";

type Fault = (cluster: Cluster, holdMs: number) => Promise<void>;

const FAULTS: Record<string, Fault> = {
  async restart(cluster) {
    cluster.crash();
    await sleep(1_000);
    cluster.start();
  },
  async "backend-kills"(cluster, holdMs) {
    await withClient(cluster, async (client) => {
      for (const until = Date.now() + holdMs; Date.now() < until; await sleep(250)) {
        await client.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
        );
      }
    });
  },
  async "pool-exhaustion"(cluster, holdMs) {
    const held = new Pool({ connectionString: cluster.url, max: 60 });
    held.on("error", () => undefined);
    held.on("connect", (client) => client.on("error", () => undefined));
    // Everybody who is connected is thrown out, and every place is taken before they come back.
    await held.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
    );
    const taken = await Promise.allSettled(Array.from({ length: 60 }, () => held.connect()));
    await sleep(holdMs);
    for (const one of taken) if (one.status === "fulfilled") one.value.release(true);
    await held.end();
  },
  async "idle-in-transaction"(cluster, holdMs) {
    await withClient(cluster, async (client) => {
      await client.query("begin");
      // A snapshot held open, and locks on rows that are about to be claimed.
      await client.query("select * from chaos.ledger where state = 'settling' limit 20 for update");
      await sleep(holdMs);
      await client.query("rollback");
    });
  },
};

/** Traces a second that arrive all the time; well below what the machine can do, so that falling behind shows. */
const BATCH = 10;
const EVERY_MS = 250;

/** What happens to PostgreSQL while traces keep arriving: afterwards everything must go on at the rate of before. */
export const postgresFaults: Scenario[] = Object.entries(FAULTS).map(([name, fault]) => ({
  name: `postgres-${name}`,
  unavailable: () => (postgresPrograms() === null ? "no PostgreSQL programs" : null),
  run: (context) => survive(context, fault),
}));

async function survive({ random, quick, broken, say }: ScenarioContext, fault: Fault): ReturnType<Scenario["run"]> {
  const measureMs = quick ? 10_000 : 30_000;
  const holdMs = quick ? 5_000 : 60_000;
  const cluster = await startCluster();
  try {
    await using receiver = await startReceiver({ random, lostAcks: 0 });
    const database = { url: cluster.url, schema: "chaos" };
    const acknowledged = new Set<string>();
    const node = await startNode({
      database,
      receiver: receiver.url,
      judge: receiver.url,
      ...(broken ? { broken: "answer-first" } : {}),
    });
    const load = sendLoad(node.url, acknowledged, { senders: 1, batch: BATCH, everyMs: EVERY_MS });
    await sleep(3_000);
    const before = await rate(receiver, measureMs);
    await fault(cluster, holdMs);
    const backAt = performance.now();
    const paidBefore = receiver.paid.size;
    while (receiver.paid.size === paidBefore && performance.now() - backAt < 60_000) await sleep(20);
    const firstAfterMs = Math.round(performance.now() - backAt);
    await sleep(5_000);
    const after = await rate(receiver, measureMs);
    await load.stop();
    const alive = node.process.exitCode === null;
    await node.stop();
    const account = await settleUp({ database, receiver, acknowledged, judge: receiver.url });
    const counts = { lost: account.lost, doubled: account.doubled, corrupt: 0 };
    const recovery = Math.round((after / before) * 1000) / 10;
    const details = { acknowledged: account.acknowledged, before, after, recovery, firstAfterMs, alive };
    say(JSON.stringify(details));
    return { points: 1, ...counts, ok: isOk(counts) && alive && recovery >= 95, details };
  } finally {
    cluster.remove();
  }
}

/** Traces judged a second. */
async function rate(receiver: Receiver, ms: number): Promise<number> {
  const [from, startedAt] = [receiver.paid.size, performance.now()];
  await sleep(ms);
  return Math.round(((receiver.paid.size - from) / (performance.now() - startedAt)) * 10_000) / 10;
}

async function withClient(cluster: Cluster, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: cluster.url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
