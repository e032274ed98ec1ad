import { randomSource } from "../internal/random.ts";
import { LoopsmithError } from "../model/errors.ts";
import { fitCalibration } from "./calibration.ts";
import type { Calibration } from "./calibration.ts";
import { forestValues, tableOf, trainForest } from "./forest.ts";
import type { Forest, Table } from "./forest.ts";
import { accuracyOf, holdOut } from "./hold-out.ts";
import type { Accuracy } from "./hold-out.ts";
import { frequentNames, namedRow, namedTable } from "./span-names.ts";

/** One confirmed culprit, with what the ranker may learn from. Plain JSON. Build it with `rankerExample`. */
export interface RankerExample {
  /** Traces of one task, user or session share a group; held-out accuracy never trains and tests on the same group. */
  group: string;
  /** Names of the columns of `rows`. */
  features: string[];
  /** One row for each step but the root. */
  rows: number[][];
  /** The steps' names. */
  names: string[];
  /** What the rungs without labels say of each step, 0 to 1. */
  suspicion: number[];
  /** Index of the confirmed culprit among them. */
  culprit: number;
}

/** What the ranker sees of a trace whose culprit is not known. */
export interface Rankable extends Pick<RankerExample, "features" | "names"> {
  /** One row for each step but the root. */
  table: Table;
}

/** A ranker for one project. Plain JSON: store it and read it back as it is. */
export interface Ranker {
  version: 1;
  /** Names of the columns it learned from. */
  features: string[];
  /** Span names that have a column of their own beside them. */
  names: string[];
  forest: Forest;
  confirmations: number;
  /** Held out by group; `null` when accuracy was not asked for or there was a single group. */
  heldOut: Accuracy | null;
  /** How the rungs without labels do on the same confirmations. */
  withoutRanker: Accuracy;
  calibration: Calibration | null;
}

export interface TrainRankerOptions {
  /** Fewer confirmations give no ranker. @default 20 */
  minConfirmations?: number;
  /** @default 20,000 / confirmations, between 150 and 400: the fewer the data, the more a single tree is chance */
  trees?: number;
  /** The same seed and examples give the same ranker. @default 1 */
  seed?: number;
  /**
   * Whether to measure held-out accuracy and calibrate, which trains ten more, smaller forests (five from 200 confirmations
   * on). @default true
   */
  assess?: boolean;
}

/**
 * Learns from confirmed culprits which span to blame: a random forest over span features, decided within each trace.
 * Every trace counts the same. Steps after the culprit count half, since nobody said that they were right; and of two
 * equally suspect steps the earlier is preferred, since the culprit is the earliest mistake that decided the outcome.
 * `null` below `minConfirmations`. Deterministic by seed. Examples come oldest first; those with other features than the
 * last one's are left out.
 */
export function trainRanker(given: readonly RankerExample[], options: TrainRankerOptions = {}): Ranker | null {
  const { minConfirmations = 20, seed = 1, assess = true } = options;
  // Examples recorded by a version with other features cannot be mixed in; the newest decide which those are.
  const newest = given[given.length - 1];
  const examples = given.filter((example) => sameFeatures(example, newest!));
  if (examples.length < Math.max(1, minConfirmations)) return null;
  const trees = options.trees ?? Math.min(400, Math.max(150, Math.round(20_000 / examples.length)));
  const model = fit(examples, trees, seed);
  const folds = examples.length < 200 ? 10 : 5;
  const held = assess
    ? holdOut(examples, { folds, seed }, (training, salt) => {
        const score = stepScorer(fit(training, Math.min(trees, ASSESS_TREES), salt));
        return (example) => score(rankableOf(example));
      })
    : null;
  const cases = held?.cases.flatMap(({ shares, culprit }) => shares.map((score, i) => ({ score, hit: i === culprit })));
  return {
    version: 1,
    features: examples[0]!.features,
    ...model,
    confirmations: examples.length,
    heldOut: held?.accuracy ?? null,
    withoutRanker: accuracyOf(examples.map(({ suspicion, culprit }) => ({ shares: suspicion, culprit }))),
    calibration: cases ? fitCalibration(cases) : null,
  };
}

/** An example as a trace whose culprit is not known. */
export function rankableOf({ features, rows, names }: RankerExample): Rankable {
  return { features, names, table: tableOf(rows) };
}

/** Each step's share of the suspicion; the shares add up to 1 (or are all 0). */
export function rankSteps(ranker: Ranker, example: Rankable): number[] {
  if (!sameFeatures(ranker, example)) {
    throw new LoopsmithError("invalid", "the stored ranker was trained on other features than this version computes", {
      hint: "Train it again from the confirmed culprits.",
    });
  }
  return stepScorer(ranker)(example);
}

/** Whether the ranker did at least as well on held-out confirmations as the rungs without labels, top 1 and top 3 together. */
export function isHelpful(ranker: Ranker): boolean {
  const { heldOut, withoutRanker } = ranker;
  return heldOut !== null && heldOut.top1 + heldOut.top3 >= withoutRanker.top1 + withoutRanker.top3;
}

// --- internal ---

/** Share of its suspicion that a step loses when everything suspect lies before it. */
const EARLIER_FIRST = 0.5;
const WEIGHT_AFTER_CULPRIT = 0.5;

/** Innocent steps of one trace that are learned from, drawn at random: a long trace has enough of them. */
const MAX_INNOCENT = 200;

/** Trees that choose which steps all the others look at: in a trace of any length few are worth the whole forest. */
const SCOUTS = 50;

/** Held-out accuracy needs no more than this, and it is most of the work. */
const ASSESS_TREES = 100;

type Model = Pick<Ranker, "names" | "forest">;

function sameFeatures(a: { features: readonly string[] }, b: { features: readonly string[] }): boolean {
  return a.features.length === b.features.length && a.features.every((name, i) => name === b.features[i]);
}

function fit(examples: readonly RankerExample[], trees: number, seed: number): Model {
  const names = frequentNames(examples.map((example) => example.names));
  const random = randomSource(seed);
  const rows: number[][] = [];
  const targets: number[] = [];
  const weights: number[] = [];
  for (const { rows: own, names: ownNames, culprit } of examples) {
    const innocent = drawn(
      [...own.keys()].filter((i) => i !== culprit),
      MAX_INNOCENT,
      random,
    );
    const weigh = (i: number): number => (i > culprit ? WEIGHT_AFTER_CULPRIT : 1);
    const total = innocent.reduce((sum, i) => sum + weigh(i), 0);
    for (const i of [culprit, ...innocent]) {
      rows.push(namedRow(own[i]!, ownNames[i]!, names));
      targets.push(i === culprit ? 1 : 0);
      weights.push(i === culprit ? 1 : weigh(i) / total);
    }
  }
  return { names, forest: trainForest(rows, targets, weights, { trees, seed, minLeaf: 5 }) };
}

function drawn(items: number[], count: number, random: () => number): number[] {
  for (let i = 0; i < Math.min(count, items.length - 1); i++) {
    const j = i + Math.floor(random() * (items.length - i));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items.slice(0, count);
}

function stepScorer({ names, forest }: Model): (example: Pick<Rankable, "table" | "names">) => number[] {
  return (example) => {
    const chances = [...forestValues(forest, namedTable(example, names), { scouts: SCOUTS })];
    const all = sum(chances);
    if (all === 0) return chances;
    let before = 0;
    const scores = chances.map((chance) => {
      const score = chance * (1 - EARLIER_FIRST * (before / all));
      before += chance;
      return score;
    });
    const total = sum(scores);
    return scores.map((score) => score / total);
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
