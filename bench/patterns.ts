/**
 * The pattern miner against published values, planted patterns, pure noise, the clock and real recordings.
 * `npm run --silent bench:patterns -- [--json] [flags]`; `--help` lists the flags. Without `--json` it prints tables.
 *
 * - golden: DivExplorer's supports, divergences and t-values on COMPAS
 * - planted: 1 to 5 conjunctions (depth 1 to 3, support 2 to 40%, half the conditions numeric) among 100 noise features; a
 *   shown pattern counts when features, directions and values are the planted ones and no cut is off by more than 1/16
 * - noise: windows in which nothing means anything, and in how many something is shown; also with clustered runs
 * - speed: stored bitmaps to finished report in one thread, beside AND + popcount alone and the kernel in plain JavaScript
 * - slide: a 7-day window in hourly buckets moves on by an hour and is mined again
 * - growth: the same time by rows, predicates and depth
 * - real: tau-bench airline clustered by task, sentinel with its fault classes as ground truth
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureGolden } from "./patterns-golden.ts";
import { print } from "./patterns-print.ts";
import { summarizePlanted } from "./patterns-planted.ts";
import type { PlantedResult, PlantedRun } from "./patterns-planted.ts";
import { measureSentinel, measureTau } from "./patterns-real.ts";
import { measureSlide } from "./patterns-slide.ts";
import { measureSpeed } from "./patterns-speed.ts";
import type { SpeedOptions, SpeedResult } from "./patterns-speed.ts";
import { runTasks } from "./patterns-threads.ts";
import type { Task } from "./patterns-worker.ts";

const SECTIONS = ["golden", "planted", "noise", "speed", "slide", "growth", "real"] as const;
type Section = (typeof SECTIONS)[number];

const HELP = `npm run --silent bench:patterns -- [flags]
  --json                     one object instead of tables
  --only <sections>          of ${SECTIONS.join(",")}; default all
  --seed <n>                 of everything that is drawn; default 1
  --data <folder>            with compas, tau-bench-airline and sentinel in it; default ../shared/data
                             (docs/measured/data.md says where these come from)
  --threads <n>              for planted and noise (not for speed); default: all cores
  --planted-rows <list>      runs in a planted data set; default 1000,10000,100000,1000000
  --risk-ratios <list>       planted effects; default 1.5,2.5,4,6
  --planted-runs <n>         data sets for each of both, a tenth of it above 200,000 runs; default 10
  --base-rate <share>        failure rate of runs that match nothing planted; default 0.03
  --noise-windows <n>        default 500; two fifths of it with clustered runs
  --noise-rows <n>           runs in a noise window; default 1000
  --speed-rows <list>        default 100000,1000000,10000000
  --predicates <n>           default 480
  --depth <1|2|3>            default 3
  --support <share>          least share of failures a pattern matches; default 0.05
  --no-plain-js              leave that column out, the slowest of all
  --slide-rows <n>           runs in the sliding window; default 1000000
`;

const { values: flags } = parseArgs({
  allowNegative: true,
  options: {
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    only: { type: "string", default: SECTIONS.join() },
    seed: { type: "string", default: "1" },
    data: { type: "string", default: "../shared/data" },
    threads: { type: "string", default: String(availableParallelism()) },
    "planted-rows": { type: "string", default: "1000,10000,100000,1000000" },
    "risk-ratios": { type: "string", default: "1.5,2.5,4,6" },
    "planted-runs": { type: "string", default: "10" },
    "base-rate": { type: "string", default: "0.03" },
    "noise-windows": { type: "string", default: "500" },
    "noise-rows": { type: "string", default: "1000" },
    "speed-rows": { type: "string", default: "100000,1000000,10000000" },
    predicates: { type: "string", default: "480" },
    depth: { type: "string", default: "3" },
    support: { type: "string", default: "0.05" },
    "plain-js": { type: "boolean", default: true },
    "slide-rows": { type: "string", default: "1000000" },
  },
});

if (flags.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const sections = flags.only.split(",");
const unknown = sections.filter((name) => !SECTIONS.some((section) => section === name));
if (unknown.length > 0) {
  process.stderr.write(`there is no section ${unknown.join(", ")}\n  hint: there are ${SECTIONS.join(", ")}\n`);
  process.exit(2);
}
const seed = Number(flags.seed);
const [support, predicates] = [Number(flags.support), Number(flags.predicates)];
const depth = Number(flags.depth) as 1 | 2 | 3;
const listOf = (text: string): number[] => text.split(",").map(Number);
const startedAt = performance.now();

const result = {
  ...(wanted("golden") && { golden: measureGolden(join(flags.data, "compas/compas_discretized.csv")) }),
  ...(wanted("planted") && { planted: await measurePlanted() }),
  ...(wanted("noise") && (await measureNoise())),
  ...(wanted("speed") && { speed: measureSpeeds() }),
  ...(wanted("slide") && { slide: measureSliding() }),
  ...(wanted("growth") && { growth: measureGrowth() }),
  ...(wanted("real") && { real: measureReal() }),
  seed,
  seconds: (performance.now() - startedAt) / 1000,
};
export type BenchResult = typeof result;

progress("");
if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else print(result);

function wanted(section: Section): boolean {
  return sections.includes(section);
}

/** On a terminal only, and on the error stream, so that a pipe gets nothing but the result. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function measurePlanted(): Promise<PlantedResult[]> {
  const baseRate = Number(flags["base-rate"]);
  const rows: PlantedResult[] = [];
  for (const n of listOf(flags["planted-rows"])) {
    for (const riskRatio of listOf(flags["risk-ratios"])) {
      const runs = Math.ceil(Number(flags["planted-runs"]) / (n > 200_000 ? 10 : 1));
      const tasks = Array.from({ length: runs }, (_, run): Task => {
        return { kind: "planted", n, riskRatio, baseRate, seed, run };
      });
      // A million runs and their bitmaps take half a gigabyte: not in every core at once.
      const threads = Math.min(Number(flags.threads), n > 200_000 ? 2 : Infinity);
      const found = await runTasks<PlantedRun>(tasks, threads, (done) =>
        progress(`planted: ${n} runs, risk ratio ${riskRatio}: ${done} of ${runs}`),
      );
      rows.push(summarizePlanted({ n, riskRatio }, found));
    }
  }
  return rows;
}

interface NoiseResult {
  noise: { windows: number; falseShare: number; rows: number };
  clusteredNoise: { windows: number; falseShare: number; ignoringClusters: number };
}

async function measureNoise(): Promise<NoiseResult> {
  const [windows, n] = [Number(flags["noise-windows"]), Number(flags["noise-rows"])];
  const clusteredWindows = Math.ceil((2 * windows) / 5);
  const run = <Outcome>(kind: "noise" | "clustered", count: number): Promise<Outcome[]> =>
    runTasks<Outcome>(
      Array.from({ length: count }, (_, run): Task => ({ kind, n, seed, run })),
      Number(flags.threads),
      (done) => progress(`${kind}: ${done} of ${count} windows`),
    );
  const plain = await run<{ shown: boolean }>("noise", windows);
  const clustered = await run<{ shown: boolean; naive: boolean }>("clustered", clusteredWindows);
  return {
    noise: { windows, falseShare: plain.filter(({ shown }) => shown).length / windows, rows: n },
    clusteredNoise: {
      windows: clusteredWindows,
      falseShare: clustered.filter(({ shown }) => shown).length / clusteredWindows,
      ignoringClusters: clustered.filter(({ naive }) => naive).length / clusteredWindows,
    },
  };
}

function speedOf(options: Partial<SpeedOptions> & { rows: number }): SpeedResult {
  progress(
    `speed: ${options.rows} runs, ${options.predicates ?? predicates} predicates, depth ${options.depth ?? depth}`,
  );
  return measureSpeed({ predicates, depth, support, seed, plainJs: flags["plain-js"], ...options });
}

function measureSpeeds(): SpeedResult[] {
  return listOf(flags["speed-rows"]).map((rows) => speedOf({ rows }));
}

function measureSliding(): ReturnType<typeof measureSlide> {
  progress(`slide: ${flags["slide-rows"]} runs`);
  return measureSlide(Number(flags["slide-rows"]), predicates, support, seed);
}

/** One of rows, predicates and depth grows, the others stay. */
function measureGrowth(): Record<"rows" | "predicates" | "depth", SpeedResult[]> {
  const rows = 100_000;
  const plainJs = false;
  return {
    rows: [25_000, 50_000, 100_000, 200_000, 400_000].map((some) => speedOf({ rows: some, plainJs })),
    predicates: [120, 240, 480, 960].map((some) => speedOf({ rows, predicates: some, plainJs })),
    depth: ([1, 2, 3] as const).map((some) => speedOf({ rows, depth: some, plainJs })),
  };
}

function measureReal(): { tau: ReturnType<typeof measureTau>; sentinel: ReturnType<typeof measureSentinel> } {
  progress("real: tau-bench airline and sentinel");
  return {
    tau: measureTau(join(flags.data, "tau-bench-airline/gpt-4o-runs.json")),
    sentinel: measureSentinel(join(flags.data, "sentinel/episodes.jsonl")),
  };
}
