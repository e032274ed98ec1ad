import { calibrated, fitCalibration } from "../../src/blame/calibration.ts";
import { holdOut, rankedIndexes } from "../../src/blame/hold-out.ts";
import type { HeldOutCase } from "../../src/blame/hold-out.ts";
import { rankerExample } from "../../src/blame/ladder.ts";
import { rankableOf, rankSteps, trainRanker } from "../../src/blame/ranker.ts";
import type { RankerExample } from "../../src/blame/ranker.ts";
import type { HistoryOptions } from "../../src/blame/rung-readings.ts";
import { randomSource } from "../../src/internal/random.ts";
import { scoresOf } from "./history.ts";
import type { LabelledRun } from "./labelled-run.ts";
import { count, emptyTally, rowOf } from "./measure.ts";
import type { Row } from "./measure.ts";

/** A labelled run with what the ranker sees of it. */
export interface Case extends RankerExample {
  run: LabelledRun;
}

/** The runs as ranker examples; the label enters as `culprit` only. */
export function casesOf(runs: readonly LabelledRun[], history: HistoryOptions): Case[] {
  return runs.flatMap((run) => {
    const culprit = run.trace.spans[run.step! + 1];
    const example = culprit && rankerExample(run.trace, scoresOf(run), culprit.id, { ...history, group: run.group });
    return example ? [{ ...example, run }] : [];
  });
}

/** The ranker in grouped cross-validation, averaged over seeds; with rows for parts of the set. */
export function crossValidated(
  set: string,
  cases: readonly Case[],
  seeds: number,
  parts: Readonly<Record<string, (run: LabelledRun) => boolean>> = {},
): { rows: Row[]; held: HeldOutCase[] } {
  const names = ["", ...Object.keys(parts)];
  const tallies = new Map(names.map((name) => [name, emptyTally()]));
  // With few tasks every one counts for learning: each is left out in turn.
  const groups = new Set(cases.map((one) => one.group)).size;
  const folds = groups < 40 ? groups : 10;
  let held: HeldOutCase[] = [];
  let trained = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const result = holdOut(cases, { folds, seed }, (training, salt) => {
      trained = training.length;
      return rankerScore(training, salt);
    });
    if (!result) return { rows: [], held };
    held = result.cases;
    for (const [i, { shares }] of held.entries()) {
      const { run } = cases[i]!;
      for (const name of names)
        if (name === "" || parts[name]!(run)) count(tallies.get(name)!, run, rankedIndexes(shares));
    }
  }
  const rows = names.map((name) => {
    const tally = tallies.get(name)!;
    return rowOf(name === "" ? set : `${set}/${name}`, "ladder (cross-validated)", trained, tally.runs / seeds, tally);
  });
  return { rows, held };
}

/** Accuracy on the rest after a few confirmations: whole groups drawn at random until there are `labels` runs. */
export function learningCurve(set: string, cases: readonly Case[], sizes: readonly number[], draws: number): Row[] {
  return sizes.map((labels) => {
    const tally = emptyTally();
    let tested = 0;
    for (let draw = 0; draw < draws; draw++) {
      const groups = shuffle([...new Set(cases.map((one) => one.group))], randomSource(1000 * labels + draw));
      const ordered = groups.flatMap((group) => cases.filter((one) => one.group === group));
      const training = ordered.slice(0, labels);
      const seen = new Set(training.map((one) => one.group));
      const rest = ordered.filter((one) => !seen.has(one.group));
      if (training.length < labels || rest.length < 5)
        return rowOf(set, "ladder (learning curve)", labels, 0, emptyTally());
      const score = rankerScore(training, draw + 1);
      for (const one of rest) count(tally, one.run, rankedIndexes(score(one)));
      tested += rest.length;
    }
    return rowOf(set, "ladder (learning curve)", labels, Math.round(tested / draws), tally);
  });
}

/** How well probabilities of the first suspect hold: fitted on all other traces, mean promise against hits. */
export function calibrationOf(held: readonly HeldOutCase[]): { promised: number; hit: number; brier: number } | null {
  if (held.length < 20) return null;
  let [promised, hit, brier] = [0, 0, 0];
  for (const [i, one] of held.entries()) {
    const others = held.filter((_, j) => j !== i);
    const fitted = fitCalibration(
      others.flatMap(({ shares, culprit }) => shares.map((score, s) => ({ score, hit: s === culprit }))),
    );
    const first = rankedIndexes(one.shares)[0]!;
    const probability = fitted ? calibrated(fitted, one.shares[first]!) : 0;
    const right = first === one.culprit ? 1 : 0;
    promised += probability;
    hit += right;
    brier += (probability - right) ** 2;
  }
  return { promised: promised / held.length, hit: hit / held.length, brier: brier / held.length };
}

// --- internal ---

function rankerScore(training: readonly RankerExample[], seed: number): (example: RankerExample) => number[] {
  // The product waits for 20 confirmations; here the curve below that is the question.
  const ranker = trainRanker(training, { seed, minConfirmations: 1, assess: false });
  return (example) => (ranker ? rankSteps(ranker, rankableOf(example)) : []);
}

function shuffle<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
