import {
  cusumAlarm,
  CUSUM_START,
  ewmaAlarm,
  shewhartAlarm,
  stepCusum,
  stepEwma,
} from "../src/internal/statistics/control-chart.ts";
import { cusumArlByChain, ewmaArlByChain, shewhartArl } from "./alerts-chain.ts";
import { normalSource, randomSource } from "../src/internal/random.ts";

/** Published average run lengths by shift in standard deviations (Montgomery's and Lucas & Saccucci's tables, as printed). */
const SHIFTS = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4];
const CUSUM: [h: number, ...arl: string[]][] = [
  [4, "167.7", "74.2", "26.6", "13.3", "8.38", "4.75", "3.34", "2.62", "2.19", "1.71"],
  [5, "465.4", "139.5", "38.0", "17.1", "10.38", "5.75", "4.01", "3.11", "2.57", "2.01"],
];
const EWMA: [lambda: number, limit: number, ...arl: string[]][] = [
  [0.4, 3.054, "500", "224", "71.2", "28.4", "14.3", "5.9", "3.5", "2.5", "2.0", "1.4"],
  [0.25, 2.998, "500", "170", "48.3", "20.1", "11.1", "5.5", "3.6", "2.7", "2.3", "1.7"],
  [0.2, 2.962, "500", "150", "41.8", "18.1", "10.5", "5.5", "3.7", "2.9", "2.4", "1.9"],
  [0.1, 2.814, "499", "106", "31.3", "15.8", "10.3", "6.1", "4.4", "3.4", "2.9", "2.2"],
  [0.05, 2.615, "499", "84.0", "28.8", "16.4", "11.4", "7.1", "5.2", "4.2", "3.5", "2.7"],
];
const SHEWHART: [shift: number, arl: string][] = [
  [0, "370.4"],
  [0.5, "155.2"],
  [1, "43.9"],
  [2, "6.30"],
  [3, "2.00"],
];

export interface ArlCell {
  chart: string;
  shift: number;
  golden: number;
  /** Half a unit of the table's last digit. */
  halfUnit: number;
  simulated: number;
  /** Solved instead of simulated, as a check on both. */
  exact: number;
  /** |simulated - golden| / golden. */
  error: number;
  /** The same, after allowing the table its rounding (half a unit of its last digit). */
  errorBeyondRounding: number;
  /** |simulated - exact| / exact. */
  errorToExact: number;
  /** Three standard errors of the simulation, relative. */
  noise: number;
}

/** Simulates every cell of the tables with the charts the project ships. */
export function reproduceArl(seed: number, runs: number): ArlCell[] {
  const normal = normalSource(randomSource(seed));
  const cells: ArlCell[] = [];
  const add = (chart: string, shift: number, printed: string, exact: number, run: () => number): void => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < runs; i += 1) {
      const length = run();
      sum += length;
      squares += length * length;
    }
    const simulated = sum / runs;
    const golden = Number(printed);
    const half = 0.5 * 10 ** -(printed.split(".")[1]?.length ?? 0);
    const off = Math.abs(simulated - golden);
    cells.push({
      chart,
      shift,
      golden,
      halfUnit: half,
      simulated,
      exact,
      error: off / golden,
      errorToExact: Math.abs(simulated - exact) / exact,
      errorBeyondRounding: Math.max(0, off - half) / golden,
      noise: (3 * Math.sqrt((squares / runs - simulated ** 2) / runs)) / golden,
    });
  };
  for (const [h, ...arl] of CUSUM) {
    for (const [i, shift] of SHIFTS.entries())
      add(`cusum h=${h}`, shift, arl[i] ?? "", cusumArlByChain(shift, 0.5, h), () => cusumRun(normal, shift, h));
  }
  for (const [lambda, limit, ...arl] of EWMA) {
    for (const [i, shift] of SHIFTS.entries()) {
      const exact = ewmaArlByChain(shift, lambda, limit);
      add(`ewma ${lambda}`, shift, arl[i] ?? "", exact, () => ewmaRun(normal, shift, lambda, limit));
    }
  }
  for (const [shift, arl] of SHEWHART)
    add("shewhart 3", shift, arl, shewhartArl(shift), () => shewhartRun(normal, shift));
  return cells;
}

function cusumRun(normal: () => number, shift: number, h: number): number {
  let state = CUSUM_START;
  let length = 0;
  do {
    state = stepCusum(state, shift + normal(), 0.5);
    length += 1;
  } while (!cusumAlarm(state, h));
  return length;
}

function ewmaRun(normal: () => number, shift: number, lambda: number, limit: number): number {
  let average = 0;
  let length = 0;
  do {
    average = stepEwma(average, shift + normal(), lambda);
    length += 1;
  } while (!ewmaAlarm(average, lambda, limit));
  return length;
}

function shewhartRun(normal: () => number, shift: number): number {
  let length = 1;
  while (!shewhartAlarm(shift + normal())) length += 1;
  return length;
}
