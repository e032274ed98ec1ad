// How many traces a second a loop takes from arrival to recorded verdict, with an evaluator that does nothing.
//   node --import ./scripts/ts.mjs bench/loop.ts [--traces 20000] [--script-traces 2000] [--postgres-traces 6000] [--json]
// PostgreSQL: the one LOOPSMITH_TEST_POSTGRES names, else a throw-away one, else `postgres` is [] and a note says why.
import { parseArgs } from "node:util";
import { startPostgres } from "../scripts/postgres.mjs";
import { embeddedAndScript } from "./loop/embedded-rate.ts";
import { postgresRates } from "./loop/postgres-rates.ts";

const { values } = parseArgs({
  options: {
    traces: { type: "string", default: "20000" },
    "script-traces": { type: "string", default: "2000" },
    "postgres-traces": { type: "string", default: "6000" },
    "embedded-only": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const { embedded, stored, script } = await embeddedAndScript({
  traces: Number(values.traces),
  scriptTraces: Number(values["script-traces"]),
});
const database = values["embedded-only"]
  ? { url: null, note: "left out", stop: () => Promise.resolve() }
  : await startPostgres();
if (database.url === null) process.stderr.write(`PostgreSQL: ${database.note}\n`);
const workers = [1, 2, 4, 8];
const traces = Number(values["postgres-traces"]);
const postgres = database.url === null ? [] : await postgresRates({ url: database.url, workers, traces });
await database.stop();

const timesTheScript = (rate: number): number => Math.round((rate / script.tracesPerSecond) * 10) / 10;
const ratio = timesTheScript(embedded.tracesPerSecond);
const ratioStored = timesTheScript(stored.tracesPerSecond);
if (values.json)
  process.stdout.write(`${JSON.stringify({ embedded, stored, script, ratio, ratioStored, postgres })}\n`);
else {
  process.stdout.write(`embedded   ${embedded.tracesPerSecond} traces/s from arrival to recorded verdict\n`);
  process.stdout.write(`stored     ${stored.tracesPerSecond} traces/s over traces that had arrived before\n`);
  process.stdout.write(
    `script     ${script.tracesPerSecond} traces/s over such (listRuns, createFeedback a run): ${ratioStored} times less, ` +
      `${ratio} times less than with arrival\n`,
  );
  for (const row of postgres) {
    process.stdout.write(
      `PostgreSQL ${row.workers} worker(s): ${row.tracesPerSecond} traces/s (claims alone ${row.rawClaimsPerSecond}/s)\n`,
    );
  }
}
