import { evaluateAlert, startAlert } from "../src/alert/evaluate-alert.ts";
import { randomSource } from "../src/internal/random.ts";
import type { AlertRule } from "../src/model/alert.ts";
import { drawTick, TICK } from "./alerts-false-alarms.ts";

export interface ResolveRow {
  rate: number;
  /** Times the usual rate during the incident. */
  times: number;
  /** Hours from the end of the incident to "resolved", of alarms that were still up. */
  medianHours: number;
  /** Alarms that resolved although the incident went on, per day of it. */
  wrongPerDay: number;
  incidents: number;
}

const PER_HOUR = 100;
const HOUR_TICKS = 3_600_000 / TICK;

/** How an alarm at defaults ends: two usual weeks, an incident of two days, then usual again. */
export function measureResolve(seed: number, rate: number, times: number, incidents: number): ResolveRow {
  const random = randomSource(seed);
  const rule: AlertRule = { name: "rate", condition: { kind: "failure_rate" }, renotifyEveryMs: null };
  const hours: number[] = [];
  let wrong = 0;
  for (let incident = 0; incident < incidents; incident += 1) {
    let now = 0;
    let state = startAlert(rule, now);
    const tick = (factor: number): boolean => {
      now += TICK;
      const traces = drawTick(random, { perHour: PER_HOUR, rate: factor * rate, cluster: 1 });
      const step = evaluateAlert(rule, state, { traces }, now);
      state = step.state;
      return step.transitions.some(({ from, to }) => from === "firing" && to === "ok");
    };
    for (let i = 0; i < 14 * 24 * HOUR_TICKS; i += 1) tick(1);
    for (let i = 0; i < 48 * HOUR_TICKS; i += 1) if (tick(times)) wrong += 1;
    if (state.phase !== "firing") continue;
    let waited = 1;
    while (!tick(1)) waited += 1;
    hours.push(waited / HOUR_TICKS);
  }
  hours.sort((a, b) => a - b);
  return {
    rate,
    times,
    medianHours: hours[Math.floor(hours.length / 2)] ?? Number.NaN,
    wrongPerDay: wrong / (2 * incidents),
    incidents,
  };
}
