// Breaks things on purpose and counts what was promised against what is there.
//   node --import ./scripts/ts.mjs bench/chaos.ts [--quick] [--seed N] [--only name,name] [--broken] [--json]
// --broken breaks each scenario's guarantee instead: then every one must come out not ok, or the test proves nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import { postgresFaults } from "./chaos/postgres-faults.ts";
import { poisonedEvaluators } from "./chaos/poisoned.ts";
import { powerCut } from "./chaos/power-cut.ts";
import type { Scenario, ScenarioContext, ScenarioResult } from "./chaos/scenario.ts";
import { tailing } from "./chaos/tailing.ts";
import { workersPostgres } from "./chaos/workers.ts";

const SCENARIOS: readonly Scenario[] = [
  killSqlite,
  killPostgres,
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
const say = (message: string): void => void process.stderr.write(`${message}\n`);
say(`seed ${seed}${values.broken ? ", guarantees broken on purpose" : ""}`);

let isBroke = false;
/** A scenario that did not come to its end says nothing, not even where it is meant to fail. */
function broke(error: unknown): Omit<ScenarioResult, "name"> {
  isBroke = true;
  return { points: 0, lost: 0, doubled: 0, corrupt: 0, ok: false, details: { error: errorMessage(error) } };
}

const database = await startPostgres();
const scenarios: ScenarioResult[] = [];
const skipped: { name: string; why: string }[] = [];
for (const scenario of SCENARIOS) {
  if (wanted && !wanted.includes(scenario.name)) continue;
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-chaos-"));
  const context: ScenarioContext = {
    random: randomSource(seed),
    quick: values.quick,
    broken: values.broken,
    folder,
    postgresUrl: database.url,
    say: (message) => say(`  ${scenario.name}: ${message}`),
  };
  const why = scenario.unavailable?.(context) ?? null;
  if (why !== null) {
    say(`${scenario.name}: left out, ${why}`);
    skipped.push({ name: scenario.name, why });
    continue;
  }
  const startedAt = performance.now();
  const result: ScenarioResult = { name: scenario.name, ...(await scenario.run(context).catch(broke)) };
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  scenarios.push({ ...result, details: { ...result.details, seconds } });
  rmSync(folder, { recursive: true, force: true });
  const { points, lost, doubled, corrupt, ok } = result;
  say(
    `${scenario.name}: ${points} points, ${lost} lost, ${doubled} doubled, ${corrupt} corrupt: ${ok ? "ok" : "NOT OK"}`,
  );
  say(`  ${JSON.stringify(result.details)} in ${seconds} s`);
}
await database.stop();
removeCompiled();
if (values.json) process.stdout.write(`${JSON.stringify({ seed, scenarios, skipped })}\n`);
process.exitCode = !isBroke && scenarios.every(({ ok }) => ok !== values.broken) ? 0 : 1;
