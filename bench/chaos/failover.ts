import { Client } from "pg";
import { until } from "../loop/until.ts";
import { postgresPrograms, startCluster, urlOf, type Cluster } from "./cluster.ts";
import { movingAddress } from "./moving-address.ts";
import { measureRecovery, sleep } from "./recovery.ts";
import type { Scenario } from "./scenario.ts";

/**
 * The primary dies, its synchronous standby takes over behind the same address. Its negative control is a standby that is
 * asynchronous and fell two seconds behind.
 */
export const postgresFailover: Scenario = {
  name: "postgres-failover",
  unavailable: () => (postgresPrograms() === null ? "no PostgreSQL programs" : null),
  async run(context) {
    const primary = await startCluster();
    let standby: Cluster | null = null;
    try {
      const second = (standby = await startCluster({ standbyOf: primary }));
      await query(primary, "alter system set synchronous_standby_names = '*'");
      await query(primary, "select pg_reload_conf()");
      const isSync = async (): Promise<boolean> =>
        (await query(primary, "select 1 from pg_stat_replication where sync_state = 'sync'")).length > 0;
      await until(isSync, 30_000, 100);
      await using address = await movingAddress(primary.port);
      const strike = async (): Promise<void> => {
        if (context.broken) await fallBehind(primary, second);
        primary.crash();
        second.promote();
        address.moveTo(second.port);
      };
      return await measureRecovery(context, { url: urlOf(address.port), strike, staysUp: false });
    } finally {
      standby?.remove();
      primary.remove();
    }
  },
};

/** Nobody waits for the standby any more, and it hears nothing any more. */
async function fallBehind(primary: Cluster, standby: Cluster): Promise<void> {
  await query(primary, "alter system set synchronous_standby_names = ''");
  await query(primary, "select pg_reload_conf()");
  await query(standby, "alter system set primary_conninfo = ''");
  await query(standby, "select pg_reload_conf()");
  await sleep(2_000);
}

async function query(cluster: Cluster, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: cluster.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
