import { count, emptyTally, rowOf } from "./measure.ts";
import type { Ranking, Row } from "./measure.ts";
import type { LabelledRun } from "./labelled-run.ts";

/** What anyone could say without looking, to print beside every figure. */
export function baselineRows(set: string, runs: readonly LabelledRun[]): Row[] {
  return [
    answered(set, "always step 1", runs, (length) => steps(length).sort((a, b) => Math.abs(a - 1) - Math.abs(b - 1))),
    answered(set, "last step", runs, (length) => steps(length).reverse()),
    answered(set, "first error", runs, (_, run) => errorSteps(run)),
    bestConstants(set, runs),
    uniform(set, runs),
  ];
}

// --- internal ---

function answered(
  set: string,
  method: string,
  runs: readonly LabelledRun[],
  answer: (length: number, run: LabelledRun) => Ranking,
): Row {
  const tally = emptyTally();
  for (const run of runs) count(tally, run, answer(run.trace.spans.length - 1, run));
  return rowOf(set, method, 0, runs.length, tally);
}

function steps(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

function errorSteps(run: LabelledRun): number[] {
  return run.trace.spans.slice(1).flatMap((span, i) => (span.status === "error" ? [i] : []));
}

/** The best fixed answer there is, chosen on the very runs it is scored on: what position alone can give at most. */
function bestConstants(set: string, runs: readonly LabelledRun[]): Row {
  const tallies = new Map<number, number>();
  for (const run of runs) tallies.set(run.step!, (tallies.get(run.step!) ?? 0) + 1);
  const ranking = [...tallies].sort(([a, x], [b, y]) => y - x || a - b).map(([step]) => step);
  return answered(set, "best constant (in-sample)", runs, () => ranking);
}

/** The expectation of guessing among all steps, not one draw. */
function uniform(set: string, runs: readonly LabelledRun[]): Row {
  const tally = emptyTally();
  for (const run of runs) {
    const length = run.trace.spans.length - 1;
    for (let first = 0; first < length; first++) {
      const one = emptyTally();
      count(one, run, [first]);
      tally.top1 += one.top1 / length;
      tally.within3 += one.within3 / length;
      tally.agent += one.agent / length;
    }
    tally.top3 += Math.min(3, length) / length;
    tally.runs++;
    if (run.agent !== null) tally.agents++;
  }
  return rowOf(set, "uniform", 0, runs.length, tally);
}
