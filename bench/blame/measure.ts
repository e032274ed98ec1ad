import { wilsonInterval } from "../../src/internal/statistics/wilson.ts";
import { agentName } from "./labelled-run.ts";
import type { LabelledRun } from "./labelled-run.ts";

/** One line of the report. Shares run from 0 to 1; `null` where the figure is not defined. */
export interface Row {
  set: string;
  method: string;
  /** Confirmed culprits the method learned from. */
  labels: number;
  /** Runs it was tested on. */
  n: number;
  top1: number | null;
  top3: number | null;
  /** The first suspect is at most three steps from the labelled one. */
  within3: number | null;
  /** The first suspect's agent is the labelled one; `null` where the set has a single agent. */
  agent: number | null;
}

/** What a method answers for one run: step indexes, best first; empty for "not attributable". */
export type Ranking = readonly number[];

/** Sums of hits, so that repetitions and folds can be averaged. */
export interface Tally {
  runs: number;
  top1: number;
  top3: number;
  within3: number;
  agent: number;
  agents: number;
}

export function emptyTally(): Tally {
  return { runs: 0, top1: 0, top3: 0, within3: 0, agent: 0, agents: 0 };
}

/** Counts one answer. Exact match of step indexes, never a substring test. */
export function count(tally: Tally, run: LabelledRun, ranking: Ranking): void {
  const [first] = ranking;
  tally.runs++;
  if (run.agent !== null) tally.agents++;
  if (first === undefined || run.step === null) return;
  if (first === run.step) tally.top1++;
  if (ranking.slice(0, 3).includes(run.step)) tally.top3++;
  if (Math.abs(first - run.step) <= 3) tally.within3++;
  const name = run.trace.spans[first + 1]?.name;
  if (run.agent !== null && name !== undefined && agentName(name) === agentName(run.agent)) tally.agent++;
}

/** A method's answers to all runs as one row. */
export function rowOf(set: string, method: string, labels: number, n: number, tally: Tally): Row {
  const share = (hits: number): number | null => (tally.runs === 0 ? null : hits / tally.runs);
  const agent = tally.agents === 0 ? null : tally.agent / tally.agents;
  return {
    set,
    method,
    labels,
    n,
    top1: share(tally.top1),
    top3: share(tally.top3),
    within3: share(tally.within3),
    agent,
  };
}

/** Rows as a table with 95% Wilson intervals of top 1 and top 3 over the `n` runs. */
export function printRows(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  const lines = rows.map((row) => [
    row.method,
    row.labels === 0 ? "-" : String(row.labels),
    String(row.n),
    percent(row.top1),
    interval(row.top1, row.n),
    percent(row.top3),
    interval(row.top3, row.n),
    percent(row.within3),
    percent(row.agent),
  ]);
  printTable(["method", "labels", "n", "top 1", "95%", "top 3", "95%", "within 3", "agent"], lines);
}

/** Columns padded to their widest cell, the first to the left. */
export function printTable(head: readonly string[], lines: readonly (readonly string[])[]): void {
  const widths = head.map((name, c) => Math.max(name.length, ...lines.map((line) => line[c]?.length ?? 0)));
  for (const line of [head, widths.map((width) => "-".repeat(width)), ...lines]) {
    console.log(line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join("  "));
  }
}

export function percent(share: number | null): string {
  return share === null ? "n/a" : `${(100 * share).toFixed(1)}%`;
}

// --- internal ---

function interval(share: number | null, n: number): string {
  if (share === null) return "";
  const [low, high] = wilsonInterval(share * n, n);
  return `${Math.round(100 * low)} to ${Math.round(100 * high)}`;
}
