import { bootstrap } from "../internal/statistics/bootstrap.ts";
import type { GateArm, GatePair } from "./gate-pair.ts";

/** What the candidate may cost. Every limit is on a mean over all pairs that recorded the number on both sides. */
export interface LimitOptions {
  /** Candidate's cost over the baseline's, for example 1.2. */
  costRatio?: number;
  /** US dollars for one run. */
  costUsd?: number;
  /** Candidate's latency over the baseline's. */
  latencyRatio?: number;
  /** Milliseconds for one run. */
  latencyMs?: number;
}

export interface LimitVerdict {
  name: keyof LimitOptions;
  limit: number;
  /** Means. */
  baseline: number;
  candidate: number;
  /** What is held against the limit: a ratio of means or the candidate's mean, with a 90% bootstrap interval. */
  value: number;
  low: number;
  high: number;
  /** `unclear`: the interval holds the limit, or nothing was recorded. */
  status: "within" | "over" | "unclear";
  pairs: number;
  /** Pairs that would make it clear at the value seen, where more of them can. */
  moreExamples: number | null;
}

const NAMES: readonly (keyof LimitOptions)[] = ["costRatio", "costUsd", "latencyRatio", "latencyMs"];

/**
 * Limits are judged by a paired bootstrap at the time of asking. They guard the purse rather than the claim: unlike the
 * tests of quality they are not corrected for looking again and again.
 */
export function judgeLimits(pairs: readonly GatePair[], limits: LimitOptions, seed: number): LimitVerdict[] {
  return NAMES.flatMap((name) => {
    const limit = limits[name];
    return limit === undefined ? [] : [judgeLimit(name, limit, pairs, seed)];
  });
}

function judgeLimit(name: keyof LimitOptions, limit: number, pairs: readonly GatePair[], seed: number): LimitVerdict {
  const read = (arm: GateArm): number | null => (name.startsWith("cost") ? arm.costUsd : arm.latencyMs) ?? null;
  const both = pairs.flatMap((pair): [number, number][] => {
    const [baseline, candidate] = [read(pair.baseline), read(pair.candidate)];
    return baseline === null || candidate === null ? [] : [[baseline, candidate]];
  });
  if (both.length === 0) {
    const none = { baseline: 0, candidate: 0, value: 0, low: 0, high: 0, pairs: 0, moreExamples: null };
    return { name, limit, ...none, status: "unclear" };
  }
  const means = (cases: Uint32Array): [number, number] => {
    let [baseline, candidate] = [0, 0];
    for (const index of cases) {
      baseline += both[index]?.[0] ?? 0;
      candidate += both[index]?.[1] ?? 0;
    }
    return [baseline / cases.length, candidate / cases.length];
  };
  const statistic = (cases: Uint32Array): number => {
    const [baseline, candidate] = means(cases);
    if (!name.endsWith("Ratio")) return candidate;
    // Nothing over nothing is no increase; something over nothing is more than any limit.
    return baseline > 0 ? candidate / baseline : candidate > 0 ? Number.MAX_VALUE : 1;
  };
  const { estimate, low, high } = bootstrap(both.length, statistic, { alpha: 0.1, seed });
  const [baseline, candidate] = means(Uint32Array.from(both.keys()));
  const status = high <= limit ? "within" : low > limit ? "over" : "unclear";
  const room = limit - estimate;
  const needed = status === "unclear" && room > 0 ? Math.ceil(both.length * ((high - estimate) / room) ** 2) : null;
  const moreExamples = needed === null ? null : Math.max(1, needed - both.length);
  return { name, limit, baseline, candidate, value: estimate, low, high, status, pairs: both.length, moreExamples };
}
