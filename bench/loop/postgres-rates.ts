import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Pool } from "pg";
import { createServer } from "../../src/server/index.ts";
import { createFeedbackLoop } from "../../src/loop.ts";
import { loopIdOf, newId } from "../../src/model/id.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { askBatch } from "./ask-batch.ts";
import { perSecond } from "./embedded-rate.ts";
import { until } from "./until.ts";

export interface PostgresRate {
  workers: number;
  /** Worker processes judging what was enrolled, until the last verdict is recorded. */
  tracesPerSecond: number;
  /** Rows a second that as many connections claim and finish in batches, with nothing else to do. */
  rawClaimsPerSecond: number;
}

/** Throughput of worker processes over one database, each number beside what claiming alone would reach. */
export async function postgresRates(options: {
  url: string;
  workers: readonly number[];
  traces: number;
}): Promise<PostgresRate[]> {
  const rates: PostgresRate[] = [];
  for (const workers of options.workers) {
    const schema = `bench_${newId().replaceAll("-", "_")}`;
    const pool = new Pool({ connectionString: options.url, max: 10, options: `-c search_path=${schema}` });
    try {
      const tracesPerSecond = await workersRate({ ...options, workers, schema });
      rates.push({ workers, tracesPerSecond, rawClaimsPerSecond: await rawClaims(pool, workers) });
    } finally {
      await pool.query(`drop schema if exists ${schema} cascade`);
      await pool.end();
    }
  }
  return rates;
}

async function workersRate(options: { url: string; workers: number; traces: number; schema: string }): Promise<number> {
  const { url, schema, traces } = options;
  const store = await postgresStore({ url, schema, poolSize: 4 });
  const server = createServer({ store });
  const project = await store.projectEnsure({ name: "workers" });
  for (let sent = 0; sent < traces; sent += 100) {
    const { body } = askBatch("workers", Math.min(100, traces - sent));
    const response = await server.fetch("http://localhost/runs/batch", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    if (!response.ok) throw new Error(`ingest answered ${response.status}: ${await response.text()}`);
  }
  const loopId = loopIdOf({ name: "workers", projectName: "workers" });
  // Entered beforehand, so that what is measured is claiming, judging and recording.
  await createFeedbackLoop({
    client: server,
    projectName: "workers",
    evaluator: () => 1,
    threshold: 0.5,
  }).status();
  const heads = await store.traceHeads({ projectId: project.id, changedFrom: 0, limit: traces });
  for (let at = 0; at < heads.length; at += 1000) {
    const chunk = heads.slice(at, at + 1000).map((head) => ({ ...head, dueAt: head.changedAt }));
    await store.ledgerEnrol({ loopId, heads: chunk });
  }
  const children = await Promise.all(Array.from({ length: options.workers }, () => startWorker(url, schema)));
  try {
    const startedAt = performance.now();
    for (const child of children) child.stdin?.write("go\n");
    // Counting would cost the database more than this look at the index of what waits.
    await until(async () => (await store.ledgerNextDue({ loopId })) === null, 180_000, 25);
    await until(async () => (await store.ledgerCounts({ loopId })).byState.decided >= traces, 30_000, 10);
    return perSecond(traces, performance.now() - startedAt);
  } finally {
    await Promise.all(
      children.map(async (child) => {
        const closed = once(child, "close");
        child.stdin?.end();
        await closed;
      }),
    );
    await store.close();
  }
}

async function startWorker(url: string, schema: string): Promise<ChildProcess> {
  const file = fileURLToPath(new URL("worker.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "./scripts/ts.mjs", file, url, schema], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

const CLAIM = `with due as (
    select id from raw_claim where state = 0 order by due_at limit 100 for update skip locked)
  update raw_claim set state = 1 from due where raw_claim.id = due.id returning raw_claim.id`;

/** A plain claim and a plain finish for each hundred rows: two transactions, no payloads, no driver of ours. */
async function rawClaims(pool: Pool, connections: number, rows = 40_000): Promise<number> {
  await pool.query("create table raw_claim (id text primary key, state int not null, due_at bigint not null)");
  await pool.query("create index on raw_claim (state, due_at)");
  await pool.query("insert into raw_claim select gen_random_uuid()::text, 0, n from generate_series(1, $1) n", [rows]);
  const startedAt = performance.now();
  const claimer = async (): Promise<void> => {
    for (;;) {
      const claimed = await pool.query<{ id: string }>(CLAIM);
      if (claimed.rows.length === 0) return;
      await pool.query("update raw_claim set state = 2 where id = any($1)", [claimed.rows.map((row) => row.id)]);
    }
  };
  await Promise.all(Array.from({ length: connections }, claimer));
  return perSecond(rows, performance.now() - startedAt);
}
