import { parseArgs } from "node:util";
import { reproduceArl } from "./alerts-arl.ts";
import { compareDelays } from "./alerts-delay.ts";
import type { DelayRow } from "./alerts-delay.ts";
import { digestBurst } from "./alerts-digest.ts";
import { measureResolve } from "./alerts-resolve.ts";
import { countFalseAlarms } from "./alerts-false-alarms.ts";
import type { FalseAlarms, Traffic } from "./alerts-false-alarms.ts";

/**
 * What the alerts promise, measured: `node --import ./scripts/ts.mjs bench/alerts.ts [--json]`. Flags: `--seed`, `--months`
 * (stationary months at the default), `--runs` (simulated runs a cell of the run-length tables), `--trials` (changes a detector).
 */
const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    months: { type: "string", default: "1000" },
    runs: { type: "string", default: "40000" },
    trials: { type: "string", default: "100" },
  },
});
const seed = Number(flags.seed);
const months = Number(flags.months);
const startedAt = performance.now();

const cells = reproduceArl(seed, Number(flags.runs));
type Deviation = "error" | "errorBeyondRounding" | "errorToExact";
const worst = (key: Deviation): number => Math.max(...cells.map((cell) => cell[key]));
const worstCell = (key: Deviation): string => {
  const { chart, shift, golden, exact, simulated } = cells.reduce((a, b) => (b[key] > a[key] ? b : a));
  return `${chart} at shift ${shift}: printed ${golden}, solved ${exact.toPrecision(4)}, simulated ${simulated.toPrecision(4)}`;
};
const arl = {
  cells: cells.length,
  runs: Number(flags.runs),
  /** To the number as printed, taken for exact. */
  maxErrorToPrinted: worst("error"),
  /** To the interval that was rounded to the printed number: 335 stands for 334.5 to 335.5. */
  maxErrorBeyondRounding: worst("errorBeyondRounding"),
  /** To the value solved by Markov chain, or in closed form for Shewhart charts. */
  maxErrorToExact: worst("errorToExact"),
  worstCells: {
    toPrinted: worstCell("error"),
    beyondRounding: worstCell("errorBeyondRounding"),
    toExact: worstCell("errorToExact"),
  },
  /** All cells are within 2% of the interval a printed number stands for, and of the solved value. */
  withinTwoPercent: worst("errorBeyondRounding") < 0.02 && worst("errorToExact") < 0.02,
  /** Cells of the table that are not the solved value rounded. */
  outsideRounding: cells.filter(({ exact, golden, halfUnit }) => Math.abs(exact - golden) > halfUnit * 1.0001).length,
  table: cells,
};

const usual: Traffic = { perHour: 100, rate: 0.05, cluster: 1 };
const few = Math.ceil(months / 10);
const falseAlarms: FalseAlarms[] = [
  countFalseAlarms(seed, months, usual, "learn"),
  countFalseAlarms(seed + 1, few, usual, 0.05),
  countFalseAlarms(seed + 2, few, { ...usual, rate: 0.01 }, "learn"),
  countFalseAlarms(seed + 3, few, { ...usual, rate: 0.2 }, "learn"),
  countFalseAlarms(seed + 4, few, { ...usual, perHour: 10 }, "learn"),
  countFalseAlarms(seed + 5, few, { ...usual, cluster: 3 }, "learn"),
];

const delays = [0.02, 0.05, 0.1, 0.2].flatMap((rate) => compareDelays(seed, rate, Number(flags.trials), 40));
const resolves = [1.5, 2, 4, 10].map((times) => measureResolve(seed, 0.05, times, 40));
const digest = digestBurst(1000);
const report = { seed, arl, falseAlarms, delays, resolves, digest, seconds: (performance.now() - startedAt) / 1000 };

if (flags.json) console.log(JSON.stringify(report));
else print();

function print(): void {
  const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
  console.log(`Run lengths of CUSUM, EWMA and Shewhart charts: ${arl.cells} cells, ${arl.runs} runs each`);
  console.log(`  within 2% of both references: ${arl.withinTwoPercent ? "yes" : "no"}; the largest deviations:`);
  console.log(`  ${percent(arl.maxErrorBeyondRounding)} from what a printed value stands for (335: 334.5 to 335.5)`);
  console.log(`    ${arl.worstCells.beyondRounding}`);
  console.log(
    `  ${percent(arl.maxErrorToExact)} from the solved value (${arl.outsideRounding} printed values are not it rounded)`,
  );
  console.log(`    ${arl.worstCells.toExact}`);
  console.log(`  ${percent(arl.maxErrorToPrinted)} from the printed value taken for exact`);
  console.log(`    ${arl.worstCells.toPrinted}`);
  console.log("\nFalse alarms of the failure-rate rule on stationary traffic, 30-day months");
  for (const row of falseAlarms) {
    const traffic = `${row.perHour} traces/h, ${percent(row.rate)} failing${row.cluster > 1 ? `, in clusters of ${row.cluster}` : ""}`;
    const baseline = row.baseline === "learn" ? "baseline learned" : "baseline known";
    console.log(
      `  ${traffic}, ${baseline}: ${row.perMonth.toFixed(3)} a month over ${row.months} months, at most ${row.worstMonth} in one`,
    );
  }
  console.log(
    "\nA failure rate doubles at 100 traces/h: hours to the alarm (mean / median / 95%), false alarms per 30 days",
  );
  for (const rate of new Set(delays.map((row) => row.rate))) {
    printDelays(
      rate,
      delays.filter((row) => row.rate === rate),
    );
  }
  console.log(
    "\nAn incident of two days at 100 traces/h and 5% ends: hours to resolved, wrong ends per day of incident",
  );
  for (const { times, medianHours, wrongPerDay } of resolves) {
    console.log(`  ${times} times the usual rate: ${medianHours.toFixed(1)} h, ${wrongPerDay.toFixed(3)}`);
  }
  console.log(
    `\n${digest.matches} matches in 5 minutes: ${digest.messages} message, ${digest.recorded.delivered} queue items and ${digest.recorded.held} held notifications on record`,
  );
  console.log(`\n${report.seconds.toFixed(0)} s`);
}

function printDelays(rate: number, rows: readonly DelayRow[]): void {
  console.log(`  from ${100 * rate}% to ${200 * rate}%`);
  for (const { detector, knows, falsePer30Days, delayHours } of rows) {
    const { mean, median, p95 } = delayHours;
    const hours = [mean, median, p95].map((value) => value.toFixed(1).padStart(5)).join(" /");
    console.log(`  ${hours}   ${falsePer30Days.toFixed(2).padStart(5)}   ${detector} (knows: ${knows})`);
  }
}
