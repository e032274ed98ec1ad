import { randomSource } from "../src/internal/random.ts";
import type { RandomSource } from "../src/internal/random.ts";
import type { FeatureRow } from "../src/model/pattern.ts";
import { minePatterns } from "../src/pattern/mine-patterns.ts";
import { mineTable } from "../src/pattern/mine-patterns.ts";
import { simulate } from "./patterns-simulate.ts";

const FAILURE_RATE = 0.12;
/** Trials of one task. */
const TRIALS = 4;

/** Whether something is shown in a window of `n` runs in which nothing means anything. */
export function runNoise(n: number, seed: number, window: number): { shown: boolean } {
  const random = randomSource(seed * 3_000_017 + window * 7919 + n);
  const { codebook, table } = simulate(random, n, [], 1, FAILURE_RATE);
  return { shown: mineTable(table, codebook).patterns.length > 0 };
}

/**
 * The same where runs come in fours that share half of their features and, half the time, their outcome, as trials of one task
 * do: respecting the clusters, and taking every run for independent.
 */
export function runClusteredNoise(n: number, seed: number, window: number): { shown: boolean; naive: boolean } {
  const random = randomSource(seed * 2_000_003 + window);
  const rows = Array.from({ length: Math.floor(n / TRIALS) }, (_, task) => trialsOf(random, task)).flat();
  const independent = rows.map(({ cluster: _cluster, ...row }) => row);
  return { shown: minePatterns(rows).patterns.length > 0, naive: minePatterns(independent).patterns.length > 0 };
}

function trialsOf(random: RandomSource, task: number): FeatureRow[] {
  const features = (prefix: string): FeatureRow["features"] =>
    Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`${prefix}${at}`, `v${Math.floor(random() * 4)}`]));
  const fails = random() < 0.3;
  const shared = features("task");
  return Array.from({ length: TRIALS }, (_, trial) => ({
    traceId: `${task}/${trial}`,
    at: task,
    failed: random() < 0.5 ? fails : random() < 0.3,
    features: { ...shared, ...features("run") },
    cluster: `task ${task}`,
  }));
}
