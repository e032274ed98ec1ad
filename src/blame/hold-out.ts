import { randomSource } from "../internal/random.ts";
import type { RankerExample } from "./ranker.ts";

/** Shares of traces whose culprit was ranked first, and among the first three. */
export interface Accuracy {
  traces: number;
  top1: number;
  top3: number;
}

/** A trace of a test fold with the score each of its steps was given by a model that had not seen its group. */
export interface HeldOutCase {
  shares: number[];
  culprit: number;
}

/**
 * Grouped cross-validation: every example is scored by a model trained without any example of its group. `null` with a
 * single group; with as many folds as groups, or more, each is left out in turn. `train` gets the training examples and a seed of its own.
 */
export function holdOut<T extends Pick<RankerExample, "group" | "culprit">>(
  examples: readonly T[],
  options: { folds: number; seed: number },
  train: (training: readonly T[], seed: number) => (example: T) => number[],
): { accuracy: Accuracy; cases: HeldOutCase[] } | null {
  const folds = foldOf(
    examples.map((example) => example.group),
    options,
  );
  const count = Math.max(...folds.values()) + 1;
  if (count < 2) return null;
  const cases: HeldOutCase[] = [];
  const held = examples.map((example) => folds.get(example.group)!);
  for (let fold = 0; fold < count; fold++) {
    const score = train(
      examples.filter((_, i) => held[i] !== fold),
      options.seed * 1000 + fold,
    );
    for (const [i, example] of examples.entries()) {
      if (held[i] === fold) cases[i] = { shares: score(example), culprit: example.culprit };
    }
  }
  return { accuracy: accuracyOf(cases), cases };
}

/** Step indexes by score, best first; the earlier first where scores are equal. */
export function rankedIndexes(scores: readonly number[]): number[] {
  return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** How often the culprit was ranked first and among the first three; steps with a score of 0 are not ranked. */
export function accuracyOf(cases: readonly HeldOutCase[]): Accuracy {
  const within = (places: number): number =>
    cases.filter(
      ({ shares, culprit }) => shares[culprit]! > 0 && rankedIndexes(shares).slice(0, places).includes(culprit),
    ).length;
  return { traces: cases.length, top1: within(1) / cases.length, top3: within(3) / cases.length };
}

// --- internal ---

function foldOf(groups: readonly string[], { folds, seed }: { folds: number; seed: number }): Map<string, number> {
  const order = [...new Set(groups)].sort();
  const random = randomSource(seed);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return new Map(order.map((group, i) => [group, i % folds]));
}
