import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { trainRanker } from "../src/blame/ranker.ts";
import { readAgentRx } from "./blame/agentrx.ts";
import { baselineRows } from "./blame/baselines.ts";
import { measureCost, printCosts } from "./blame/cost.ts";
import { historyOf } from "./blame/history.ts";
import { calibrationOf, casesOf, crossValidated, learningCurve } from "./blame/ladder-rows.ts";
import type { LabelledRun } from "./blame/labelled-run.ts";
import { percent, printRows } from "./blame/measure.ts";
import type { Row } from "./blame/measure.ts";
import { ERROR_LIKE, readSentinel } from "./blame/sentinel.ts";
import { unlabelledRows } from "./blame/unlabelled-rows.ts";
import { readWhoAndWhen } from "./blame/who-and-when.ts";

/**
 * How often the culprit is right, on public recordings with labelled steps. Exact match of the step. Everything learned
 * is tested on tasks it was not trained on. `--data <folder>` (default ../shared/data), `--cost` for what blame costs and
 * nothing else, `--json` for one JSON object.
 */
const { values } = parseArgs({
  options: {
    data: { type: "string" },
    cost: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const data = values.data ?? join(import.meta.dirname, "..", "..", "shared", "data");
const json = values.json;
const sizes = [5, 10, 20, 40, 80];

if (values.cost) {
  const costs = measureCost();
  if (json) console.log(JSON.stringify({ costs }));
  else printCosts(costs);
  process.exit(0);
}

if (!existsSync(data)) {
  console.error(
    `bench:blame skipped: no benchmark data at ${data} (give a folder with --data; docs/measured/data.md says what goes into it)`,
  );
  if (json) console.log(JSON.stringify({ rows: [] }));
  process.exit(0);
}

// Before the tables: what these leave behind in heap and compiler would be measured with it.
const costs = json ? [] : measureCost();
const rows: Row[] = [];
measure("who-and-when/algorithm-generated", readWhoAndWhen(data, "algorithm-generated"), [], 3);
measure("who-and-when/hand-crafted", readWhoAndWhen(data, "hand-crafted"), [], 3);
const agentrx = readAgentRx(data);
measure("agentrx-tau-retail", agentrx.failed, agentrx.passed, 3);
const sentinel = readSentinel(data);
measure("sentinel", sentinel.failed, sentinel.passed, 3);

if (json) console.log(JSON.stringify({ rows }));
else printCosts(costs);

// --- internal ---

function measure(set: string, failed: readonly LabelledRun[], passed: readonly LabelledRun[], seeds: number): void {
  if (failed.length === 0) {
    console.error(`${set}: skipped, not in ${data}`);
    return;
  }
  const history = historyOf(failed, passed);
  const parts = partsOf(failed);
  const own = [...baselineRows(set, failed), ...unlabelledRows(set, failed, history)];
  const cases = casesOf(failed, history);
  const validated = crossValidated(set, cases, seeds, parts);
  const curve = learningCurve(set, cases, sizes, 10);
  const [whole, ...byPart] = validated.rows;
  const partRows = Object.entries(parts).flatMap(([part, belongs], i) => {
    const runs = failed.filter(belongs);
    return [
      ...baselineRows(`${set}/${part}`, runs),
      ...unlabelledRows(`${set}/${part}`, runs, history),
      ...byPart.slice(i, i + 1),
    ];
  });
  rows.push(...own, ...(whole ? [whole] : []), ...curve, ...partRows);
  if (json) return;
  printRows(`${set}: ${failed.length} failed runs, ${passed.length} passing, ${seeds} seeds`, [
    ...own,
    ...(whole ? [whole] : []),
    ...curve,
  ]);
  for (const part of Object.keys(parts))
    printRows(
      `${set}/${part}`,
      partRows.filter((row) => row.set === `${set}/${part}`),
    );
  printRanker(cases, validated.held);
}

/** Fault classes, and the error-like ones together, where a set has parts. */
function partsOf(runs: readonly LabelledRun[]): Record<string, (run: LabelledRun) => boolean> {
  const names = [...new Set(runs.map((run) => run.part))].sort();
  if (names.length < 2) return {};
  const parts: Record<string, (run: LabelledRun) => boolean> = { "error-like": (run) => ERROR_LIKE.includes(run.part) };
  for (const name of names) parts[name] = (run) => run.part === name;
  return parts;
}

/** What the product itself would say of its ranker on this project. */
function printRanker(cases: ReturnType<typeof casesOf>, held: Parameters<typeof calibrationOf>[0]): void {
  const calibration = calibrationOf(held);
  if (calibration) {
    const { promised, hit, brier } = calibration;
    console.log(
      `calibration of the first suspect: promised ${percent(promised)}, right ${percent(hit)}, Brier ${brier.toFixed(3)}`,
    );
  }
  const ranker = cases.length <= 200 ? trainRanker(cases) : null;
  if (ranker?.heldOut) {
    console.log(
      `the ranker's own record: top 1 ${percent(ranker.heldOut.top1)}, top 3 ${percent(ranker.heldOut.top3)}; without it ${percent(ranker.withoutRanker.top1)} and ${percent(ranker.withoutRanker.top3)}`,
    );
  } else if (cases.length < 20) {
    console.log(
      `${cases.length} confirmations: below the 20 the product waits for, so there it would use "ladder (no labels)"`,
    );
  }
}
