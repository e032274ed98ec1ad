import { randomBinomial, randomPoisson } from "../src/internal/random.ts";
import type { RandomSource } from "../src/internal/random.ts";
import type { WindowObservation } from "../src/model/issue.ts";

export const HOUR = 3_600_000;
export const DAYS = 60;

/** What truly happens to a pattern, by the hour. `gap` and `back` are about exposed traffic, the others about the rate. */
export interface Turn {
  hour: number;
  kind: "birth" | "growth" | "shrink" | "fix" | "regression" | "gap" | "back";
}

/** One planted pattern. Rates are failing-and-matching runs per exposed run. */
export interface PlantedPattern {
  /** `condition`: matching is exposure (model = x). `symptom`: only some exposed runs match (score < 0.5). */
  kind: "condition" | "symptom" | "noise";
  /** Share of all traffic that is exposed. */
  share: number;
  turns: Turn[];
  /** Rate from an hour on. */
  rates: { hour: number; rate: number }[];
}

/** Failure rate of runs without any pattern. */
const BASE_RATE = 0.06;
/** A matching run of a symptom pattern fails with this chance. */
const SYMPTOM_FAILS = 0.9;
/** Symptoms also show now and then when nothing is wrong. */
const SYMPTOM_BACKGROUND = 0.004;

const HORIZON = DAYS * 24;

/**
 * A random pattern with a random life: birth in the first two weeks, then a turn every 5 to 12 days: fixes, regressions, traffic
 * gaps (in 4 of 10 it is fixed or comes back behind the gap) and, `withTrends`, rises by 1.6 to 2.1 and partial fixes that leave
 * 45 to 60% of what was above background. Between a quarter (which counts as resolved) and that nothing is planted.
 */
export function plantPattern(random: RandomSource, kind: "condition" | "symptom", withTrends: boolean): PlantedPattern {
  const between = (low: number, high: number): number => low + (high - low) * random();
  const cured = kind === "condition" ? BASE_RATE : SYMPTOM_BACKGROUND * SYMPTOM_FAILS;
  let rate = between(0.25, 0.6);
  let shrunk = false;
  let active = true;
  let hour = Math.floor(between(0, 14 * 24));
  const turns: Turn[] = [{ hour, kind: "birth" }];
  const rates = [
    { hour: 0, rate: cured },
    { hour, rate },
  ];
  for (;;) {
    hour += Math.floor(between(5 * 24, 12 * 24));
    if (hour >= HORIZON) break;
    const dice = random();
    if (dice < 0.25) {
      const back = hour + Math.floor(between(2 * 24, 6 * 24));
      turns.push({ hour, kind: "gap" }, { hour: back, kind: "back" });
      // Now and then something happens while nobody can see it.
      if (random() < 0.4) {
        turns.push({ hour: back, kind: active ? "fix" : "regression" });
        rates.push({ hour: back, rate: active ? cured : rate });
        active = !active;
      }
      hour = back;
    } else if (!active) {
      turns.push({ hour, kind: "regression" });
      rates.push({ hour, rate });
      active = true;
    } else if (!withTrends || dice < 0.6 || (shrunk && rate >= 0.42)) {
      turns.push({ hour, kind: "fix" });
      rates.push({ hour, rate: cured });
      active = false;
    } else {
      const grows: boolean = rate < 0.42 && (shrunk || random() < 0.6);
      rate = grows ? rate * between(1.6, 2.1) : cured + (rate - cured) * between(0.45, 0.6);
      shrunk = !grows;
      turns.push({ hour, kind: grows ? "growth" : "shrink" });
      rates.push({ hour, rate });
    }
  }
  return { kind, share: between(0.05, 0.25), turns, rates };
}

/** What a miner shows by mistake: runs that fail like all others. */
export function plantNoise(random: RandomSource): PlantedPattern {
  const hour = Math.floor(random() * 50 * 24);
  return {
    kind: "noise",
    share: 0.05 + 0.2 * random(),
    turns: [{ hour, kind: "birth" }],
    rates: [{ hour: 0, rate: BASE_RATE }],
  };
}

/** Whether exposed traffic exists in an hour. `outage` stops everything. */
export function isFlowing(pattern: PlantedPattern, hour: number, outage: { from: number; to: number }): boolean {
  if (hour >= outage.from && hour < outage.to) return false;
  const last = pattern.turns.findLast((turn) => turn.hour <= hour && (turn.kind === "gap" || turn.kind === "back"));
  return last?.kind !== "gap";
}

/** Traffic of an hour: a day and night rhythm of 4 to 1, nothing in the outage. */
export function trafficOf(
  random: RandomSource,
  hour: number,
  perHour: number,
  outage: { from: number; to: number },
): number {
  if (hour >= outage.from && hour < outage.to) return 0;
  return randomPoisson(random, perHour * (1 + 0.6 * Math.sin((2 * Math.PI * hour) / 24)));
}

/** One hour of one pattern, drawn. */
export function drawHour(
  random: RandomSource,
  pattern: PlantedPattern,
  hour: number,
  traces: number,
  flowing: boolean,
): WindowObservation & { exposed: number } {
  const rate = pattern.rates.findLast((step) => step.hour <= hour)?.rate ?? BASE_RATE;
  const exposed = flowing ? randomBinomial(random, traces, pattern.share) : 0;
  const symptom = pattern.kind === "symptom";
  const matching = symptom ? randomBinomial(random, exposed, rate / SYMPTOM_FAILS) : exposed;
  const failing = randomBinomial(random, matching, symptom ? SYMPTOM_FAILS : rate);
  const otherFailures = randomBinomial(random, traces - matching, BASE_RATE);
  return {
    from: hour * HOUR,
    to: (hour + 1) * HOUR,
    failing,
    failures: failing + otherFailures,
    passing: matching - failing,
    passes: traces - failing - otherFailures,
    exposed,
  };
}
