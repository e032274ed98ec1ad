import type { Step } from "../execution-order.ts";
import type { Table } from "../forest.ts";
import { wordsOf } from "../trace-words.ts";
import type { Column, Columns } from "./column.ts";
import { measureFeatures } from "./measure-features.ts";
import { placeFeatures } from "./place-features.ts";
import { textProfiles } from "./text-profile.ts";
import { wordFeatures } from "./word-features.ts";

/** What the rungs without labels say of each step, 0 to 1. */
export interface RungColumns extends Columns {
  evidence: Column;
  spectrum: Column;
  deviation: Column;
}

/**
 * The columns the ranker learns from, one row for each step below the root (`steps[0]`): where the step stands, what it
 * is, what its words look like, and what the other rungs say. Nothing here knows a project's topics, so a small forest
 * can learn from few confirmations.
 */
export function stepFeatures(steps: readonly Step[], rungs: RungColumns): { names: string[]; table: Table } {
  const words = wordsOf(steps);
  const columns: Columns = {
    ...placeFeatures(steps),
    ...measureFeatures(steps, words.texts),
    ...wordFeatures(words, textProfiles(words)),
    ...rungs,
  };
  const names = Object.keys(columns);
  const [rows, width] = [steps.length - 1, names.length];
  const cells = new Float64Array(rows * width);
  for (const [c, name] of names.entries()) {
    const column = columns[name]!;
    // Four digits are more than the forest's bins tell apart, and stored examples stay small.
    for (let row = 0; row < rows; row++) cells[row * width + c] = Math.round(column(row + 1) * 1e4) / 1e4;
  }
  return { names, table: { rows, width, cells } };
}
