import { randomSource } from "../src/internal/random.ts";
import type { Pattern, Predicate } from "../src/model/pattern.ts";
import { mineTable } from "../src/pattern/mine-patterns.ts";
import { plant, simulate } from "./patterns-simulate.ts";

/** Cuts lie a sixteenth of the distribution apart; a cut further from the planted threshold than that is a miss. */
const THRESHOLD_TOLERANCE = 1 / 16;

/** One data set with 1 to 5 planted conjunctions, mined once. */
export interface PlantedRun {
  planted: number;
  shown: number;
  /** Planted patterns that are shown, with the same features, directions and values: also the shown ones that were planted. */
  found: number;
  /** Distance of shown cuts from planted thresholds, as shares of the distribution. */
  thresholdErrors: number[];
  failureRate: number;
  ms: number;
}

export interface PlantedResult {
  n: number;
  riskRatio: number;
  /** Data sets behind the figures. */
  runs: number;
  /** Share of planted patterns that are shown. */
  recall: number;
  /** Share of shown patterns that were planted; 1 when nothing is shown. */
  precision: number;
  /** Mean distance of shown cuts from planted thresholds; `null` without any. */
  thresholdError: number | null;
  failureRate: number;
  msPerRun: number;
}

export interface PlantedOptions {
  n: number;
  riskRatio: number;
  baseRate: number;
  seed: number;
  run: number;
}

/** Plants 1 to 5 conjunctions among 100 noise features and compares what is shown with what was planted. */
export function runPlanted({ n, riskRatio, baseRate, seed, run }: PlantedOptions): PlantedRun {
  const random = randomSource(seed * 1_000_003 + run * 7919 + n + Math.round(riskRatio * 100));
  // Few runs, too, cover few and many conjunctions: 3, 5, 2, 4, 1, ...
  const patterns = plant(random, 1 + ((2 * run + 2) % 5));
  const { codebook, table } = simulate(random, n, patterns, riskRatio, baseRate);
  const from = performance.now();
  const report = mineTable(table, codebook);
  const ms = performance.now() - from;
  const predicates = patterns.map((pattern) => pattern.map(({ predicate }) => predicate));
  const matches = predicates.flatMap((planted) => {
    const shown = report.patterns.find((pattern) => isSame(pattern, planted));
    return shown === undefined ? [] : [{ planted, shown }];
  });
  return {
    planted: patterns.length,
    shown: report.patterns.length,
    found: matches.length,
    thresholdErrors: matches.flatMap(({ planted, shown }) => thresholdErrors(shown.predicates, planted)),
    failureRate: report.failures / n,
    ms,
  };
}

export function summarizePlanted(
  { n, riskRatio }: Pick<PlantedOptions, "n" | "riskRatio">,
  runs: readonly PlantedRun[],
): PlantedResult {
  const total = (of: (run: PlantedRun) => number): number => runs.reduce((sum, run) => sum + of(run), 0);
  const [planted, shown, found] = [total((run) => run.planted), total((run) => run.shown), total((run) => run.found)];
  const errors = runs.flatMap((run) => run.thresholdErrors);
  return {
    n,
    riskRatio,
    runs: runs.length,
    recall: found / planted,
    precision: shown === 0 ? 1 : found / shown,
    thresholdError: errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length,
    failureRate: total((run) => run.failureRate) / runs.length,
    msPerRun: total((run) => run.ms) / runs.length,
  };
}

function isSame({ predicates }: Pattern, planted: readonly Predicate[]): boolean {
  return (
    predicates.length === planted.length &&
    planted.every(({ feature, operator, value }) =>
      predicates.some(
        (other) =>
          other.feature === feature &&
          other.operator === operator &&
          (operator === "="
            ? other.value === value
            : Math.abs(Number(other.value) - Number(value)) <= THRESHOLD_TOLERANCE),
      ),
    )
  );
}

function thresholdErrors(shown: readonly Predicate[], planted: readonly Predicate[]): number[] {
  return planted
    .filter(({ operator }) => operator !== "=")
    .map(({ feature, value }) =>
      Math.abs(Number(shown.find((other) => other.feature === feature)?.value) - Number(value)),
    );
}
