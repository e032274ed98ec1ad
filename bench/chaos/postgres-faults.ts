import { Client, Pool } from "pg";
import { postgresPrograms, startCluster, type Cluster } from "./cluster.ts";
import { measureRecovery, sleep } from "./recovery.ts";
import type { Scenario } from "./scenario.ts";
import type { Broken } from "./start-node.ts";

const THROW_OUT = `select pg_terminate_backend(pid) from pg_stat_activity
  where pid <> pg_backend_pid() and backend_type = 'client backend'`;

interface Kind {
  strike(cluster: Cluster, holdMs: number): Promise<void>;
  /** How long it lasts, where that can be chosen, at full length. */
  holdMs: number;
  broken: Broken;
  staysUp?: boolean;
  mostlyWaits?: boolean;
}

const KINDS: Record<string, Kind> = {
  restart: {
    async strike(cluster) {
      cluster.crash();
      await sleep(1_000);
      cluster.start();
    },
    holdMs: 0,
    broken: "never-reconnects",
  },
  "backend-kills": {
    async strike(cluster, holdMs) {
      await withClient(cluster, async (client) => {
        for (const until = Date.now() + holdMs; Date.now() < until; await sleep(250)) await client.query(THROW_OUT);
      });
    },
    holdMs: 60_000,
    broken: "never-reconnects",
  },
  "pool-exhaustion": {
    async strike(cluster, holdMs) {
      const held = new Pool({ connectionString: cluster.url, max: 60 });
      held.on("error", () => undefined);
      held.on("connect", (client) => client.on("error", () => undefined));
      // Everybody who is connected is thrown out, and every place is taken before they come back.
      await held.query(THROW_OUT);
      const taken = await Promise.allSettled(Array.from({ length: 60 }, () => held.connect()));
      await sleep(holdMs);
      for (const one of taken) if (one.status === "fulfilled") one.value.release(true);
      await held.end();
    },
    holdMs: 60_000,
    broken: "never-reconnects",
  },
  "idle-in-transaction": {
    async strike(cluster, holdMs) {
      await withClient(cluster, async (client) => {
        const until = Date.now() + holdMs;
        // With an id of its own it keeps every row version since from being cleaned up.
        await client.query("begin");
        await client.query("select txid_current()");
        await lockWaiting(client);
        await sleep(until - Date.now());
        await client.query("rollback");
      });
    },
    holdMs: 600_000,
    broken: "waits-for-locks",
    staysUp: true,
    mostlyWaits: true,
  },
};

/** What happens to PostgreSQL while traces keep arriving: afterwards everything must go on at the rate of before. */
export const postgresFaults: Scenario[] = Object.entries(KINDS).map(([name, kind]) => ({
  name: `postgres-${name}`,
  mostlyWaits: kind.mostlyWaits ?? false,
  unavailable: () => (postgresPrograms() === null ? "no PostgreSQL programs" : null),
  async run(context) {
    const cluster = await startCluster();
    try {
      const holdMs = Math.max(Math.min(kind.holdMs, 5_000), kind.holdMs / (context.quick ? 10 : 1));
      const fault = { url: cluster.url, strike: () => kind.strike(cluster, holdMs), staysUp: kind.staysUp ?? false };
      return await measureRecovery(context, fault, context.broken ? kind.broken : undefined);
    } finally {
      cluster.remove();
    }
  },
}));

/** Locks rows that are about to be claimed: there are some only for moments. */
async function lockWaiting(client: Client): Promise<void> {
  for (const giveUpAt = Date.now() + 20_000; Date.now() < giveUpAt; await sleep(2)) {
    const { rowCount } = await client.query(
      "select 1 from chaos.ledger where state = 'settling' and lease_token is null limit 20 for update skip locked",
    );
    if ((rowCount ?? 0) > 0) return;
  }
  throw new Error("no row was seen waiting, so none could be locked");
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
