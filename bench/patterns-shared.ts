/**
 * A window mined from the bitmaps of several processes through a real PostgreSQL, beside one process that holds it all:
 * `node --import ./scripts/ts.mjs bench/patterns-shared.ts [--json]`. Flags: `--rows`, `--features`, `--hours`, `--workers`
 * (several with commas), `--seed`, `--url` (default: a throw-away PostgreSQL).
 *
 * Buckets are written as learning writes them; no verdicts are made. `identical` says whether the shared report is equal to that of the
 * single process to the last digit. Times are from stored buckets to the finished report, reading and decoding included.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { startPostgres } from "../scripts/postgres.mjs";
import { randomSource } from "../src/internal/random.ts";
import { bucketWrite } from "../src/loop/learn/absorb.ts";
import { readLoopCodebook } from "../src/loop/learn/loop-codebook.ts";
import { mineShared } from "../src/loop/learn/mine-shared.ts";
import { createPatternWindow } from "../src/loop/learn/pattern-window.ts";
import type { FeatureRow } from "../src/model/pattern.ts";
import { buildCodebook, codebookDocument } from "../src/pattern/codebook.ts";
import { buildBucket, codebookId, HOUR_MS } from "../src/pattern/hour-bucket.ts";
import { postgresStore } from "../src/store/postgres/postgres-store.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rows: { type: "string", default: "200000" },
    features: { type: "string", default: "30" },
    hours: { type: "string", default: "24" },
    workers: { type: "string", default: "1,2,4" },
    seed: { type: "string", default: "1" },
    url: { type: "string" },
  },
});
const [rows, features, hours] = [Number(flags.rows), Number(flags.features), Number(flags.hours)];
const random = randomSource(Number(flags.seed));
const LOOP = "bench";
const first = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - hours * HOUR_MS;
const postgres = flags.url ? { url: flags.url, note: flags.url, stop: async () => {} } : await startPostgres();
if (postgres.url === null) throw new Error(`no PostgreSQL: ${postgres.note}`);
const schema = `bench_${process.pid}_${Date.now()}`;
const store = await postgresStore({ url: postgres.url, schema, poolSize: 4 });
const workers: ChildProcess[] = [];

function draw(hour: number, index: number): FeatureRow {
  const values: Record<string, number | string> = { model: `m-${1 + Math.floor(random() * 3)}` };
  for (let feature = 0; feature < features; feature += 1) values[`noise.${feature}`] = random();
  values["retrieval.relevance"] = random();
  const risk =
    0.05 +
    (values["retrieval.relevance"] < 0.2 ? 0.4 : 0) +
    (values["model"] === "m-2" && Number(values["noise.0"]) < 0.3 ? 0.3 : 0);
  const id = `${String(hour).padStart(4, "0")}-${String(index).padStart(9, "0")}`;
  return { traceId: id, at: first + hour * HOUR_MS, failed: random() < risk, features: values };
}

async function fill(): Promise<number> {
  const perHour = Math.ceil(rows / hours);
  let codebook = null;
  let bytes = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    const drawn = Array.from({ length: perHour }, (_, index) => draw(hour, index));
    const isNew = codebook === null;
    codebook ??= buildCodebook(drawn);
    const write = bucketWrite(buildBucket(codebook, first + hour * HOUR_MS, drawn), true);
    bytes += write.bytes.length;
    const stored = { id: codebookId(codebook), document: codebookDocument(codebook), rows: perHour, createdAt: 0 };
    await store.learningRecord({
      loopId: LOOP,
      version: hour,
      state: {},
      issues: [],
      deliveries: [],
      buckets: { writes: [write], learned: [], ...(isNew && { codebook: stored }) },
    });
  }
  return bytes;
}

async function startWorker(): Promise<void> {
  const args = ["--import", "./scripts/ts.mjs", "test/servers/share-worker.ts", postgres.url ?? "", schema];
  const worker = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  workers.push(worker);
  await once(worker.stdout as NodeJS.ReadableStream, "data");
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const startedAt = performance.now();
  const result = await work();
  return { ms: Math.round(performance.now() - startedAt), result };
}

const bytes = await fill();
const codebook = await readLoopCodebook(store, LOOP);
if (codebook === null) throw new Error("no codebook was written");
const stretch = { from: first, to: first + hours * HOUR_MS };
const alone = await timed(() => createPatternWindow(store, LOOP).mine(codebook, stretch, { learned: true }));
const shared = [];
for (const count of flags.workers.split(",").map(Number)) {
  while (workers.length < count) await startWorker();
  const mined = await timed(() => mineShared(store, LOOP, codebook, stretch, { shares: count, serve: false }));
  shared.push({ workers: count, ms: mined.ms, identical: isDeepStrictEqual(mined.result, alone.result) });
}
for (const worker of workers) worker.kill("SIGKILL");
await store.close();
await postgres.stop();

const report = {
  rows: Math.ceil(rows / hours) * hours,
  hours,
  items: codebook.codebook.items.length,
  bytesPerRun: bytes / (Math.ceil(rows / hours) * hours),
  patterns: alone.result.patterns.length,
  singleMs: alone.ms,
  shared,
};
if (flags.json) console.log(JSON.stringify(report));
else {
  console.log(
    `${report.rows} runs in ${hours} hours, ${report.items} predicates, ${report.bytesPerRun.toFixed(0)} bytes a run stored`,
  );
  console.log(`one process: ${report.singleMs} ms, ${report.patterns} patterns`);
  for (const { workers: count, ms, identical } of shared)
    console.log(`${count} workers: ${ms} ms, ${identical ? "the same report" : "ANOTHER REPORT"}`);
}
