import type { Step } from "../execution-order.ts";
import { measureFeatures } from "./measure-features.ts";
import { placeFeatures } from "./place-features.ts";
import { wordsOf } from "../trace-words.ts";
import { textProfiles } from "./text-profile.ts";
import { wordFeatures } from "./word-features.ts";

/** What the rungs without labels say of each step, 0 to 1, aligned with the steps. */
export interface RungColumns {
  evidence: readonly number[];
  spectrum: readonly number[];
  deviation: readonly number[];
}

/**
 * The columns the ranker learns from, one number a step (`steps[0]`, the root, included): where the step stands, what it
 * is, what its words look like, and what the other rungs say. Nothing here knows a project's topics, so a small forest
 * can learn from few confirmations.
 */
export function stepFeatures(steps: readonly Step[], rungs: RungColumns): { names: string[]; rows: Float64Array[] } {
  const words = wordsOf(steps);
  const profiles = textProfiles(words);
  const columns: Record<string, readonly number[]> = {
    ...placeFeatures(steps),
    ...measureFeatures(steps, words.texts),
    ...wordFeatures(words, profiles),
    ...rungs,
  };
  const values = Object.values(columns);
  const width = values.length;
  const cells = new Float64Array(steps.length * width);
  for (const [c, column] of values.entries())
    // Four digits are more than the forest's bins tell apart, and stored examples stay small.
    for (let i = 0; i < steps.length; i++) cells[i * width + c] = Math.round(column[i]! * 1e4) / 1e4;
  return { names: Object.keys(columns), rows: steps.map((_, i) => cells.subarray(i * width, (i + 1) * width)) };
}
