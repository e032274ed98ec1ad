import { evaluateAlert, startAlert } from "../src/alert/evaluate-alert.ts";
import { logBet } from "../src/internal/statistics/betting.ts";
import {
  cusumAlarm,
  CUSUM_START,
  ewmaAlarm,
  shewhartAlarm,
  stepCusum,
  stepEwma,
} from "../src/internal/statistics/control-chart.ts";
import { randomSource } from "../src/internal/random.ts";
import type { AlertRule } from "../src/model/alert.ts";
import { drawTick, TICK } from "./alerts-false-alarms.ts";

/** A detector as the comparison sees it: alarm or not, tick by tick. Starts afresh after an alarm. */
interface Watch {
  step: (failing: number, total: number) => boolean;
  /** Whether an alarm is still up. Charts that start afresh never are. */
  isUp?: () => boolean;
}

export interface DelayRow {
  detector: string;
  /** What it has to be told beforehand. */
  knows: string;
  rate: number;
  /** Alarms per 30 days on stationary traffic, measured. */
  falsePer30Days: number;
  /** Hours from the doubling to the alarm. */
  delayHours: { mean: number; median: number; p95: number };
  /** Traces seen in the median delay. */
  medianTraces: number;
}

const PER_HOUR = 100;
const MONTH_TICKS = (30 * 24 * 3_600_000) / TICK;
const HOUR_TICKS = 3_600_000 / TICK;
/** Two weeks of usual traffic before the change. */
const WARM_TICKS = 14 * 24 * HOUR_TICKS;

/** Detection delay for a doubled failure rate at 100 traces an hour, beside what each detector costs in false alarms. */
export function compareDelays(seed: number, rate: number, trials: number, months: number): DelayRow[] {
  const h = tuneCusum(seed, rate, months);
  const detectors: [name: string, knows: string, make: () => Watch][] = [
    ["e-detector, learned baseline (default)", "nothing", () => eDetector("learn")],
    ["e-detector, known baseline", "usual rate", () => eDetector(rate)],
    [
      `CUSUM per trace, tuned to 1 false alarm per 30 days (h = ${h.toFixed(2)})`,
      "usual and raised rate, traffic",
      () => traceCusum(rate, h),
    ],
    ["CUSUM on hourly rates, k = 0.5, h = 5", "usual rate", () => hourly(rate, cusumChart())],
    ["EWMA on hourly rates, lambda = 0.2, L = 2.962", "usual rate", () => hourly(rate, ewmaChart())],
    ["fixed 3 sigma on hourly rates", "usual rate", () => hourly(rate, (z) => z > 0 && shewhartAlarm(z))],
  ];
  return detectors.map(([detector, knows, make]) => {
    const delays = delaysOf(make, seed, rate, trials)
      .filter((delay) => !Number.isNaN(delay))
      .sort((a, b) => a - b);
    const median = quantile(delays, 0.5);
    return {
      detector,
      knows,
      rate,
      falsePer30Days: falseAlarms(make, seed + 1, rate, months),
      delayHours: {
        mean: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
        median,
        p95: quantile(delays, 0.95),
      },
      medianTraces: Math.round(median * PER_HOUR),
    };
  });
}

function delaysOf(make: () => Watch, seed: number, rate: number, trials: number): number[] {
  const random = randomSource(seed);
  return Array.from({ length: trials }, () => {
    const watch = make();
    for (let tick = 0; tick < WARM_TICKS; tick += 1) {
      const { failing, total } = drawTick(random, { perHour: PER_HOUR, rate, cluster: 1 });
      watch.step(failing, total);
    }
    // A false alarm that is up when the change comes is no detection; such a start is thrown away.
    if (watch.isUp?.() === true) return Number.NaN;
    for (let tick = 1; ; tick += 1) {
      const { failing, total } = drawTick(random, { perHour: PER_HOUR, rate: 2 * rate, cluster: 1 });
      if (watch.step(failing, total)) return tick / HOUR_TICKS;
    }
  });
}

function falseAlarms(make: () => Watch, seed: number, rate: number, months: number): number {
  const random = randomSource(seed);
  const watch = make();
  let alarms = 0;
  for (let tick = 0; tick < months * MONTH_TICKS; tick += 1) {
    const { failing, total } = drawTick(random, { perHour: PER_HOUR, rate, cluster: 1 });
    if (watch.step(failing, total)) alarms += 1;
  }
  return alarms / months;
}

function eDetector(baseline: number | "learn"): Watch {
  const rule: AlertRule = { name: "rate", condition: { kind: "failure_rate", baseline }, renotifyEveryMs: null };
  let now = 0;
  let state = startAlert(rule, now);
  return {
    isUp: () => state.phase === "firing",
    step: (failing, total) => {
      now += TICK;
      const { episode } = state;
      state = evaluateAlert(rule, state, { traces: { failing, total } }, now).state;
      return state.episode > episode;
    },
  };
}

/** Page's CUSUM of log likelihood ratios between the usual and the doubled rate: the best there is when both are known. */
function traceCusum(rate: number, h: number): Watch {
  let sum = 0;
  const step = (failing: number, total: number): boolean => {
    sum = Math.max(0, sum + logBet(failing, total, rate, 2 * rate));
    if (sum < h) return false;
    sum = 0;
    return true;
  };
  return { step };
}

/** A chart on the standardised failure rate of each full hour. */
function hourly(rate: number, chart: (z: number) => boolean): Watch {
  let [ticks, failures, traces] = [0, 0, 0];
  const step = (failing: number, total: number): boolean => {
    failures += failing;
    traces += total;
    ticks += 1;
    if (ticks < HOUR_TICKS) return false;
    const z = traces > 0 ? (failures / traces - rate) / Math.sqrt((rate * (1 - rate)) / traces) : 0;
    [ticks, failures, traces] = [0, 0, 0];
    return chart(z);
  };
  return { step };
}

function cusumChart(): (z: number) => boolean {
  let state = CUSUM_START;
  return (z) => {
    // Only the upper side: a falling failure rate is no alarm.
    state = { ...stepCusum(state, z, 0.5), low: 0 };
    if (!cusumAlarm(state, 5)) return false;
    state = CUSUM_START;
    return true;
  };
}

function ewmaChart(): (z: number) => boolean {
  let average = 0;
  return (z) => {
    average = stepEwma(average, z, 0.2);
    if (average < 0 || !ewmaAlarm(average, 0.2, 2.962)) return false;
    average = 0;
    return true;
  };
}

/** The h at which the per-trace CUSUM gives one false alarm per 30 days, by bisection on one recorded stretch of traffic. */
function tuneCusum(seed: number, rate: number, months: number): number {
  const random = randomSource(seed + 2);
  const ticks = Array.from({ length: months * MONTH_TICKS }, () =>
    drawTick(random, { perHour: PER_HOUR, rate, cluster: 1 }),
  );
  let [low, high] = [1, 12];
  for (let step = 0; step < 12; step += 1) {
    const middle = (low + high) / 2;
    const watch = traceCusum(rate, middle);
    let alarms = 0;
    for (const { failing, total } of ticks) if (watch.step(failing, total)) alarms += 1;
    if (alarms > months) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
