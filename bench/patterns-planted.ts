import type { FeatureRow, FeatureValue, Pattern, Predicate } from "../src/model/pattern.ts";
import { buildTable, encodeFeatureRow, tableOf } from "../src/pattern/bit-table.ts";
import type { BitTable, EncodedRow } from "../src/pattern/bit-table.ts";
import { buildCodebook } from "../src/pattern/codebook.ts";
import type { Codebook } from "../src/pattern/codebook.ts";
import { mineTable } from "../src/pattern/mine-patterns.ts";
import { randomFrom } from "./patterns-random.ts";

const BASE_RATE = 0.03;
const CATEGORIES = 5;
/** Cuts lie a sixteenth of the distribution apart; a cut further from the planted threshold than that is a miss. */
const THRESHOLD_TOLERANCE = 1 / 16;

export interface PlantedResult {
  n: number;
  riskRatio: number;
  runs: number;
  /** Planted patterns that are shown, with the same features, directions and values. */
  recall: number;
  /** Shown patterns that were planted. 1 when nothing is shown. */
  precision: number;
  /** Mean distance of shown cuts from planted thresholds, as a share of the distribution; `null` without any. */
  thresholdError: number | null;
  failureRate: number;
  msPerRun: number;
}

/** Plants 1 to 5 conjunctions per run among 100 noise features and compares what is shown with what was planted. */
export function measurePlanted(n: number, riskRatio: number, runs: number, seed: number): PlantedResult {
  let [planted, recalled, shown, correct, failures, ms] = [0, 0, 0, 0, 0, 0];
  const errors: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const random = randomFrom(seed * 1_000_003 + run * 7919 + n + Math.round(riskRatio * 100));
    const patterns = plant(random, 1 + (run % 5));
    const { codebook, table } = simulate(random, n, patterns, riskRatio);
    const from = performance.now();
    const report = mineTable(table, codebook);
    ms += performance.now() - from;
    failures += report.failures / n;
    planted += patterns.length;
    shown += report.patterns.length;
    for (const pattern of patterns) {
      const match = report.patterns.find((candidate) => isSame(candidate, pattern));
      if (match === undefined) continue;
      recalled += 1;
      errors.push(...thresholdErrors(match.predicates, pattern));
    }
    correct += report.patterns.filter((candidate) => patterns.some((pattern) => isSame(candidate, pattern))).length;
  }
  return {
    n,
    riskRatio,
    runs,
    recall: recalled / planted,
    precision: shown === 0 ? 1 : correct / shown,
    thresholdError: errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length,
    failureRate: failures / runs,
    msPerRun: ms / runs,
  };
}

/** Share of windows without any real effect in which something is shown nevertheless. */
export function measureNoise(windows: number, n: number, seed: number): { windows: number; falseShare: number } {
  let wrong = 0;
  for (let window = 0; window < windows; window += 1) {
    const random = randomFrom(seed * 1_000_003 + window);
    const { codebook, table } = simulate(random, n, [], 1, 0.12);
    if (mineTable(table, codebook).patterns.length > 0) wrong += 1;
  }
  return { windows, falseShare: wrong / windows };
}

/**
 * The same where runs come in fours that share half of their features and, half the time, their outcome, as trials of one task
 * do: respecting the clusters, and taking every run for independent.
 */
export function measureClusteredNoise(
  windows: number,
  n: number,
  seed: number,
): { windows: number; falseShare: number; ignoringClusters: number } {
  let [wrong, naive] = [0, 0];
  for (let window = 0; window < windows; window += 1) {
    const random = randomFrom(seed * 2_000_003 + window);
    const rows = Array.from({ length: Math.floor(n / 4) }, (_, task) => {
      const fails = random() < 0.3;
      const shared = Object.fromEntries(
        Array.from({ length: 25 }, (_, at) => [`task${at}`, `v${Math.floor(random() * 4)}`]),
      );
      return Array.from({ length: 4 }, (_, trial): FeatureRow => {
        const own = Object.fromEntries(
          Array.from({ length: 25 }, (_, at) => [`run${at}`, `v${Math.floor(random() * 4)}`]),
        );
        const failed = random() < 0.5 ? fails : random() < 0.3;
        return {
          traceId: `${task}/${trial}`,
          at: task,
          failed,
          features: { ...shared, ...own },
          cluster: `task ${task}`,
        };
      });
    }).flat();
    const codebook = buildCodebook(rows);
    const independent = rows.map(({ cluster: _cluster, ...row }) => row);
    if (mineTable(buildTable(codebook, rows), codebook).patterns.length > 0) wrong += 1;
    if (mineTable(buildTable(codebook, independent), codebook).patterns.length > 0) naive += 1;
  }
  return { windows, falseShare: wrong / windows, ignoringClusters: naive / windows };
}

/** Conjunctions over features of their own, depth 1 to 3, matching 2 to 40% of runs (log-uniform), half the conditions numeric. */
function plant(random: () => number, count: number): Predicate[][] {
  return Array.from({ length: count }, (_, index) => {
    const depth = 1 + Math.floor(random() * 3);
    const support = 0.02 * 20 ** random();
    const share = support ** (1 / depth);
    return Array.from({ length: depth }, (_, position): Predicate => {
      const feature = `planted${index}.${position}`;
      const kind = random();
      if (kind < 0.25) return { feature, operator: "<", value: share };
      return kind < 0.5
        ? { feature, operator: ">=", value: 1 - share }
        : { feature: `${feature}/${share}`, operator: "=", value: "hit" };
    });
  });
}

function simulate(
  random: () => number,
  n: number,
  patterns: readonly Predicate[][],
  riskRatio: number,
  baseRate = BASE_RATE,
): { codebook: Codebook; table: BitTable } {
  const own = patterns.flat();
  const row = (at: number): FeatureRow => {
    const features: Record<string, FeatureValue> = {};
    for (let index = 0; index < 50; index += 1) {
      features[`number${index}`] = random();
      features[`category${index}`] = `v${Math.floor(random() ** 1.5 * CATEGORIES)}`;
    }
    for (const { feature, operator } of own) {
      if (operator === "=") {
        const share = Number(feature.split("/")[1]);
        features[feature] = random() < share ? "hit" : `v${Math.floor(random() * (CATEGORIES - 1))}`;
      } else features[feature] = random();
    }
    const matched = patterns.filter((pattern) => pattern.every((predicate) => holds(features, predicate))).length;
    return { traceId: `t${at}`, at, failed: random() < Math.min(0.95, baseRate * riskRatio ** matched), features };
  };
  const sample = Array.from({ length: Math.min(n, 20_000) }, (_, at) => row(at));
  const codebook = buildCodebook(sample);
  const encoded: EncodedRow[] = sample.map((one) => encodeFeatureRow(codebook, one));
  for (let at = sample.length; at < n; at += 1) encoded.push(encodeFeatureRow(codebook, row(at)));
  return { codebook, table: tableOf(codebook, encoded) };
}

function holds(features: Readonly<Record<string, FeatureValue>>, { feature, operator, value }: Predicate): boolean {
  const actual = features[feature];
  if (operator === "=") return actual === value;
  return operator === "<" ? Number(actual) < Number(value) : Number(actual) >= Number(value);
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
