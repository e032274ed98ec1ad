import { randomBinomial, randomPoisson, randomSource } from "../src/internal/random.ts";
import type { RandomSource } from "../src/internal/random.ts";
import { evaluateAlert, startAlert } from "../src/alert/evaluate-alert.ts";
import type { AlertRule } from "../src/model/alert.ts";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
export const TICK = 5 * MINUTE;

/** Stationary traffic: Poisson arrivals, each failing with the same chance, or clusters that fail together. */
export interface Traffic {
  perHour: number;
  rate: number;
  /** Traces of one session that all pass or all fail. */
  cluster: number;
}

export interface FalseAlarms extends Traffic {
  baseline: "learn" | number;
  months: number;
  alarms: number;
  perMonth: number;
  /** Most alarms in one month. */
  worstMonth: number;
  /** Evaluations a second, for the record. */
  perSecond: number;
}

export function drawTick(
  random: RandomSource,
  { perHour, rate, cluster }: Traffic,
): { failing: number; total: number } {
  const sessions = randomPoisson(random, (perHour * TICK) / (60 * MINUTE) / cluster);
  return { failing: cluster * randomBinomial(random, sessions, rate), total: cluster * sessions };
}

/** Counts how often the failure-rate rule, at its defaults, fires in months in which nothing changes. Each month begins unlearned. */
export function countFalseAlarms(
  seed: number,
  months: number,
  traffic: Traffic,
  baseline: "learn" | number,
): FalseAlarms {
  const random = randomSource(seed);
  const rule: AlertRule = {
    name: "failure rate",
    condition: { kind: "failure_rate", baseline, clusterSize: traffic.cluster },
    renotifyEveryMs: null,
  };
  const startedAt = performance.now();
  let alarms = 0;
  let worstMonth = 0;
  for (let month = 0; month < months; month += 1) {
    let state = startAlert(rule, 0);
    for (let now = TICK; now <= 30 * DAY; now += TICK) {
      state = evaluateAlert(rule, state, { traces: drawTick(random, traffic) }, now).state;
    }
    alarms += state.episode;
    worstMonth = Math.max(worstMonth, state.episode);
  }
  const evaluations = (months * 30 * DAY) / TICK;
  const perSecond = Math.round(evaluations / ((performance.now() - startedAt) / 1000));
  return { ...traffic, baseline, months, alarms, perMonth: alarms / months, worstMonth, perSecond };
}
