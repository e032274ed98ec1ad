import { parseArgs } from "node:util";
import { fisherGreater } from "../src/internal/statistics/fisher.ts";
import { randomSource } from "../src/internal/random.ts";
import type { FollowedPattern, IssueEvent, WindowObservation } from "../src/model/issue.ts";
import { followPattern, seePattern } from "../src/pattern-life/follow-pattern.ts";
import { observeWindows } from "../src/pattern-life/observe-window.ts";
import { DAYS, drawHour, HOUR, isFlowing, plantNoise, plantPattern, trafficOf } from "./life-scenario.ts";
import type { PlantedPattern, Turn } from "./life-scenario.ts";
import { startOracle, stepOracle } from "./life-oracle.ts";
import type { Oracle } from "./life-oracle.ts";
import { truthAt, turnedLately } from "./life-truth.ts";

/** Seeds that decisions about `src/pattern-life` were compared on; figures to report come from others. */
const CHOSEN_ON = [7, 8];

/** p below which the stand-in for the miner shows a pattern: its real one pays for some ten thousand hypotheses. */
const SHOWN_BELOW = 1e-6;
/** Share of the failures a pattern must hold to be shown. */
const SHOWN_SHARE = 0.05;

interface Tally {
  days: number;
  right: number;
  oracleRight: number;
  rightOrTurning: number;
  noiseDays: number;
  noiseRight: number;
  noiseNews: number;
  resolvedDays: number;
  resolvedWithoutExposure: number;
  naiveResolvedWithoutExposure: number;
  falseNews: number;
  confusion: Map<string, number>;
}

interface Track {
  pattern: PlantedPattern;
  issue: FollowedPattern | null;
  recent: WindowObservation[];
  /** The newest true turn that caused news, and which. */
  turn: Turn | undefined;
  told: Set<string>;
  oracle: Oracle;
}

function simulate(seed: number, perHour: number, withTrends: boolean, tally: Tally): void {
  const random = randomSource(seed);
  const from = Math.floor(random() * 50 * 24);
  const outage = { from, to: from + 48 + Math.floor(random() * 24) };
  const tracks: Track[] = Array.from({ length: 13 }, (_, index) => ({
    pattern:
      index < 8 ? plantPattern(random, index % 2 === 0 ? "condition" : "symptom", withTrends) : plantNoise(random),
    issue: null,
    recent: [],
    turn: undefined,
    told: new Set(),
    oracle: startOracle(),
  }));
  for (let hour = 0; hour < DAYS * 24; hour += 1) {
    const traces = trafficOf(random, hour, perHour, outage);
    for (const track of tracks) {
      const seen = drawHour(random, track.pattern, hour, traces, isFlowing(track.pattern, hour, outage));
      track.recent = [...track.recent.slice(-23), seen];
      stepOracle(track.oracle, track.pattern, hour, seen);
    }
    const followed = tracks.filter((track) => track.issue !== null);
    const { issues, events } = observeWindows(
      followed.map((track) => ({
        issue: track.issue as FollowedPattern,
        seen: track.recent.at(-1) as WindowObservation,
      })),
    );
    for (const [index, track] of followed.entries()) track.issue = issues[index] ?? null;
    for (const event of events) {
      const track = followed.find(({ issue }) => issue?.id === event.issueId);
      if (track !== undefined) judgeEvent(event.type, track, hour, tally);
    }
    for (const [index, track] of tracks.entries()) mine(track, index, hour);
    for (const track of tracks) judgeHour(track, hour + 1, outage, tally);
  }
}

/** Windows the stand-in for the miner looks at every hour. */
const MINED_HOURS = [6, 24];

/** Stands in for hourly mining. Noise is shown once, in the hour it was planted for. */
function mine(track: Track, index: number, hour: number): void {
  const { pattern, issue, recent } = track;
  if (issue !== null && issue.dismissedAt === null) return;
  const window = { from: (hour - 23) * HOUR, to: (hour + 1) * HOUR };
  const mined = {
    predicates: [{ feature: `feature${index}`, operator: "=" as const, value: "x" }],
    sentence: `pattern ${index}`,
    exemplars: [],
  };
  const shown =
    pattern.kind === "noise"
      ? hour === pattern.turns[0]?.hour
      : MINED_HOURS.some((hours) => isShown(recent.slice(-hours)));
  if (!shown) return;
  track.issue = issue === null ? followPattern(mined, window).state : seePattern(issue, mined, window).state;
}

function isShown(windows: readonly WindowObservation[]): boolean {
  const sum = (key: "failing" | "failures" | "passing" | "passes"): number =>
    windows.reduce((all, seen) => all + seen[key], 0);
  const counts = { failing: sum("failing"), failures: sum("failures"), passing: sum("passing"), passes: sum("passes") };
  return counts.failing >= SHOWN_SHARE * counts.failures && fisherGreater(counts) < SHOWN_BELOW;
}

/** Which news each true turn may cause, each once. */
const CAUSES: Record<string, readonly string[]> = {
  birth: ["pattern:confirmed"],
  growth: ["pattern:growing"],
  shrink: ["pattern:shrinking"],
  fix: ["pattern:shrinking", "pattern:resolved"],
  regression: ["pattern:regressed", "pattern:growing"],
};
const JUDGED = new Set(Object.values(CAUSES).flat());

/** Counts news that no turn of the plan explains: the wrong direction, or a second time for the same turn. */
function judgeEvent(type: IssueEvent["type"], track: Track, hour: number, tally: Tally): void {
  if (!JUDGED.has(type)) return;
  if (track.pattern.kind === "noise") {
    tally.noiseNews += 1;
    return;
  }
  const turn = track.pattern.turns.findLast(({ hour: at, kind }) => at <= hour && kind !== "gap" && kind !== "back");
  if (turn !== track.turn) track.told = new Set();
  track.turn = turn;
  if (!(CAUSES[turn?.kind ?? ""] ?? []).includes(type) || track.told.has(type)) tally.falseNews += 1;
  track.told.add(type);
}

function judgeHour(track: Track, hour: number, outage: { from: number; to: number }, tally: Tally): void {
  const { pattern, issue } = track;
  const truth = truthAt(pattern, hour, outage);
  const state = issue === null ? "absent" : issue.state;
  if (state === "resolved" && truth === "no_exposure") tally.resolvedWithoutExposure += 1;
  if (hour % 24 !== 0) return;
  if (pattern.kind === "noise") {
    if (truth === "absent") return;
    tally.noiseDays += 1;
    if (state === truth || state === "candidate") tally.noiseRight += 1;
    return;
  }
  // Days on which there is nothing to follow, and nothing is, would be right for free.
  if (truth === "absent" && state === "absent") return;
  tally.days += 1;
  if (truth === "no_exposure" || track.oracle.pending === null) tally.oracleRight += 1;
  if (state === truth) tally.right += 1;
  else tally.confusion.set(`${truth} shown as ${state}`, (tally.confusion.get(`${truth} shown as ${state}`) ?? 0) + 1);
  if (turnedLately(pattern, hour, outage).includes(state)) tally.rightOrTurning += 1;
  if (state === "resolved") tally.resolvedDays += 1;
  // What trackers do that close an issue after a quiet day.
  const quiet = track.recent.every((seen) => seen.failing === 0);
  if (issue !== null && quiet && truth === "no_exposure") tally.naiveResolvedWithoutExposure += 1;
}

function emptyTally(): Tally {
  return {
    days: 0,
    right: 0,
    oracleRight: 0,
    rightOrTurning: 0,
    noiseDays: 0,
    noiseRight: 0,
    noiseNews: 0,
    resolvedDays: 0,
    resolvedWithoutExposure: 0,
    naiveResolvedWithoutExposure: 0,
    falseNews: 0,
    confusion: new Map(),
  };
}

/**
 * The life of patterns, simulated: `node --import ./scripts/ts.mjs bench/life.ts [--json]`. Flags: `--seed`, `--projects` (of 8
 * planted patterns and 5 chance findings each), `--traffic` (traces an hour, several with commas). Seeds above 8 and below 7 were
 * not looked at when the decisions were made that are measured here.
 *
 * Scoring: at the end of each day, from a pattern's birth on, the shown state must equal the state that the plan prescribes for that
 * very hour (`truthAt`), with no allowance for noticing. `rightAllowingTheDayOfAChange` also accepts what was true in the 24
 * hours before. `oracleRight` is the same score of an observer nobody can be: see `bench/life-oracle.ts`. `resolvedWithoutExposure` counts hours shown as resolved after 24 hours without an exposed run.
 */
const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    projects: { type: "string", default: "20" },
    traffic: { type: "string", default: "20,100,500" },
  },
});
const startedAt = performance.now();
const projects = Number(flags.projects);
const runs = flags.traffic
  .split(",")
  .flatMap((perHour) => [false, true].map((withTrends) => ({ perHour: Number(perHour), withTrends })));
const results = runs.map(({ perHour, withTrends }) => {
  const tally = emptyTally();
  for (let project = 0; project < projects; project += 1) {
    simulate(Number(flags.seed) * 1000 + project, perHour, withTrends, tally);
  }
  const wrong = [...tally.confusion].sort(([, a], [, b]) => b - a).slice(0, 8);
  const { confusion: _, days, right, oracleRight, rightOrTurning, noiseDays, noiseRight, ...rest } = tally;
  return {
    tracesPerHour: perHour,
    withTrends,
    issueDays: days,
    right: right / days,
    oracleRight: oracleRight / days,
    rightAllowingTheDayOfAChange: rightOrTurning / days,
    noiseDays,
    noiseRight: noiseRight / noiseDays,
    ...rest,
    wrong: Object.fromEntries(wrong),
  };
});
const seconds = (performance.now() - startedAt) / 1000;

const seeds = { seed: Number(flags.seed), chosenOnSeeds: CHOSEN_ON };
if (flags.json) console.log(JSON.stringify({ days: DAYS, projects, ...seeds, results, seconds }));
else print();

function print(): void {
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  console.log(`${projects} projects of ${DAYS} days, 8 patterns each: state right at the end of a day, from birth on`);
  console.log(`seed ${flags.seed}; what is measured was chosen on seeds ${CHOSEN_ON.join(" and ")}`);
  for (const row of results) {
    const turns = row.withTrends
      ? "births, fixes, regressions, gaps, rises, partial fixes"
      : "births, fixes, regressions, gaps";
    console.log(`\n${row.tracesPerHour} traces/h; ${turns}`);
    console.log(
      `  right ${percent(row.right)} of ${row.issueDays} days; allowing the day of a change ${percent(row.rightAllowingTheDayOfAChange)}; an oracle ${percent(row.oracleRight)}`,
    );
    console.log(
      `  resolved without exposure: ${row.resolvedWithoutExposure} hours (closing after a quiet day: ${row.naiveResolvedWithoutExposure} days)`,
    );
    console.log(
      `  news that nothing caused: ${row.falseNews} in ${projects * DAYS} project days; chance findings confirmed: ${row.noiseNews} of ${projects * 5}`,
    );
    console.log(
      `  most frequent mistakes: ${Object.entries(row.wrong)
        .slice(0, 4)
        .map(([what, days]) => `${what} ${days}`)
        .join(", ")}`,
    );
  }
  console.log(`\n${seconds.toFixed(0)} s`);
}
