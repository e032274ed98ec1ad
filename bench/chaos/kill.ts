import { join } from "node:path";
import { Pool } from "pg";
import { newId } from "../../src/model/id.ts";
import { sqliteProblem } from "./integrity.ts";
import { startReceiver } from "./receiver.ts";
import { sleep } from "./recovery.ts";
import { isOk, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { settleUp } from "./settle-up.ts";
import { prepareNode, type ChaosDatabase, type NodeOptions } from "./start-node.ts";

/** Traces a request of each sender; a trace has two spans. */
const BATCHES = [5, 20] as const;
/** Acknowledged at most before a kill, and how long that is waited for. */
const MAX_TRACES = 100;
const MAX_WAIT_MS = 2_000;

/**
 * Kills under load, again and again on the same database: a random moment after a random number of acknowledgements, so
 * that a slow machine is killed in the middle of its work too. The next process loads its code meanwhile. Small requests
 * are written on the server's own thread, large ones on the writing thread.
 */
export async function killAgainAndAgain(
  { random, quick, broken, say }: ScenarioContext,
  database: ChaosDatabase,
  points = quick ? 100 : 1_000,
): Promise<Omit<ScenarioResult, "name">> {
  await using receiver = await startReceiver({ random });
  const acknowledged = new Set<string>();
  const options: NodeOptions = { database, receiver: receiver.url, ...(broken ? { broken: "answer-first" } : {}) };
  let prepared = prepareNode();
  for (let point = 0; point < points; point += 1) {
    const node = await (await prepared).begin(options);
    prepared = prepareNode();
    const loads = BATCHES.map((batch) => sendLoad(node.url, acknowledged, { senders: 1, batch, pauseMs: 20 }));
    const enough = acknowledged.size + random() * MAX_TRACES;
    const giveUpAt = performance.now() + MAX_WAIT_MS;
    while (acknowledged.size < enough && performance.now() < giveUpAt) await sleep(2);
    await sleep(random() * 40);
    await node.kill();
    await Promise.all(loads.map((load) => load.stop()));
    if (point % 50 === 49) say(`${point + 1} kills, ${acknowledged.size} traces acknowledged`);
  }
  await (await prepared).kill();
  const problem = "path" in database ? sqliteProblem(database.path) : null;
  const account = await settleUp({ database, receiver, acknowledged });
  const corrupt = problem === null ? 0 : 1;
  const details = {
    acknowledged: account.acknowledged,
    missing: account.missing,
    webhooks: receiver.received(),
    problem,
  };
  const counts = { lost: account.lost, doubled: account.doubled, corrupt };
  return { points, ...counts, ok: isOk(counts) && account.acknowledged > points, details };
}

export const killSqlite: Scenario = {
  name: "kill-9-sqlite",
  run: (context) => killAgainAndAgain(context, { path: join(context.folder, "l.db") }),
};

export const killPostgres: Scenario = {
  name: "kill-9-postgres",
  unavailable: ({ postgresUrl }) => (postgresUrl === null ? "no PostgreSQL" : null),
  run: (context) => withSchema(context, (database) => killAgainAndAgain(context, database)),
};

/** A schema of its own, dropped afterwards. */
export async function withSchema<T>(
  { postgresUrl }: Pick<ScenarioContext, "postgresUrl">,
  work: (database: { url: string; schema: string }) => Promise<T>,
): Promise<T> {
  const url = postgresUrl ?? "";
  const schema = `chaos_${newId().replaceAll("-", "_")}`;
  try {
    return await work({ url, schema });
  } finally {
    const pool = new Pool({ connectionString: url, max: 1 });
    await pool.query(`drop schema if exists ${schema} cascade`);
    await pool.end();
  }
}
