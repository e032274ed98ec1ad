// Breaks things on purpose and counts what was promised against what is there.
//   node --import ./scripts/ts.mjs bench/chaos.ts [--quick] [--seed N] [--only name,name] [--broken] [--json]
// --broken breaks each scenario's guarantee instead: then every one must come out not ok, or the test proves nothing.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startPostgres } from "../scripts/postgres.mjs";
import { randomSource } from "../src/internal/random.ts";
import { errorMessage } from "../src/model/errors.ts";
import { budgetOvershoot } from "./chaos/budget.ts";
import { clockJumps } from "./chaos/clock-jumps.ts";
import { removeCompiled } from "./chaos/compile.ts";
import { diskFull } from "./chaos/disk-full.ts";
import { postgresFailover } from "./chaos/failover.ts";
import { killPostgres, killSqlite } from "./chaos/kill.ts";
import { backfillKills } from "./chaos/kill-backfill.ts";
import { postgresFaults } from "./chaos/postgres-faults.ts";
import { poisonedEvaluators } from "./chaos/poisoned.ts";
import { powerCut } from "./chaos/power-cut.ts";
import type { Scenario, ScenarioContext, ScenarioResult } from "./chaos/scenario.ts";
import { tailing } from "./chaos/tailing.ts";
import { workersPostgres } from "./chaos/workers.ts";

const SCENARIOS: readonly Scenario[] = [
  killSqlite,
  killPostgres,
  backfillKills,
  powerCut,
  workersPostgres,
  ...postgresFaults,
  postgresFailover,
  budgetOvershoot,
  diskFull,
  clockJumps,
  poisonedEvaluators,
  tailing,
];

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seed: { type: "string" },
    only: { type: "string" },
    broken: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const wanted = values.only?.split(",");
const unknown = wanted?.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name)) ?? [];
if (unknown.length > 0) {
  throw new Error(`no scenario ${unknown.join(", ")}; there are: ${SCENARIOS.map(({ name }) => name).join(", ")}`);
}
const begunAt = performance.now();
const secondsSince = (at: number): number => Math.round((performance.now() - at) / 100) / 10;
const say = (message: string): void =>
  void process.stderr.write(`${secondsSince(begunAt).toFixed(0).padStart(5)} s  ${message}\n`);
say(`seed ${seed}${values.broken ? ", guarantees broken on purpose" : ""}`);

const chosen = SCENARIOS.filter(({ name }) => !wanted || wanted.includes(name));
const database = await startPostgres();
// What mostly waits runs beside the others, in a process of its own, so that their work does not hold up its beat.
const aside = chosen.filter(({ mostlyWaits }) => mostlyWaits && chosen.length > 1);
const besides = aside.map(({ name }) => runAside(name));
const runs: Run[] = [];
for (const scenario of chosen) if (!aside.includes(scenario)) runs.push(await runHere(scenario));
for (const run of await Promise.all(besides)) runs.push(run);
await database.stop();
removeCompiled();

const scenarios = runs.flatMap((run) => ("skipped" in run ? [] : run));
const skipped = runs.flatMap((run) => ("skipped" in run ? { name: run.name, why: run.skipped } : []));
say(`all of it: ${scenarios.filter(({ ok }) => ok).length} of ${scenarios.length} ok`);
if (values.json) process.stdout.write(`${JSON.stringify({ seed, scenarios, skipped })}\n`);
// One that did not come to its end says nothing, not even where it is meant to fail.
const cameToEnd = scenarios.every(({ details }) => details?.["error"] === undefined);
process.exitCode = cameToEnd && scenarios.every(({ ok }) => ok !== values.broken) ? 0 : 1;

type Run = ScenarioResult | { name: string; skipped: string };

async function runHere({ name, unavailable, run }: Scenario): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-chaos-"));
  const context: ScenarioContext = {
    random: randomSource(seed),
    quick: values.quick,
    broken: values.broken,
    folder,
    postgresUrl: database.url,
    say: (message) => say(`  ${name}: ${message}`),
  };
  try {
    const skipped = unavailable?.(context) ?? null;
    if (skipped !== null) {
      say(`${name}: left out, ${skipped}`);
      return { name, skipped };
    }
    const startedAt = performance.now();
    const result = await run(context).catch(broke);
    const { points, lost, doubled, corrupt, ok } = result;
    const details = { ...result.details, seconds: secondsSince(startedAt) };
    say(`${name}: ${points} points, ${lost} lost, ${doubled} doubled, ${corrupt} corrupt: ${ok ? "ok" : "NOT OK"}`);
    say(`  ${JSON.stringify(details)}`);
    return { name, ...result, details };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAside(name: string): Promise<Run> {
  const flags = [values.quick ? "--quick" : [], values.broken ? "--broken" : []].flat();
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(import.meta.url), "--json", "--only", name, "--seed", String(seed), ...flags],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...(database.url === null ? {} : { LOOPSMITH_TEST_POSTGRES: database.url }) },
    },
  );
  try {
    const { scenarios, skipped } = JSON.parse(await text(child.stdout)) as {
      scenarios: ScenarioResult[];
      skipped: { name: string; why: string }[];
    };
    return scenarios[0] ?? { name, skipped: skipped[0]?.why ?? "it said nothing" };
  } catch (error) {
    return { name, ...broke(error) };
  }
}

function broke(error: unknown): Omit<ScenarioResult, "name"> {
  return { points: 0, lost: 0, doubled: 0, corrupt: 0, ok: false, details: { error: errorMessage(error) } };
}
