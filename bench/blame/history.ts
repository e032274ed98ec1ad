import { learnNormality } from "../../src/blame/deviation.ts";
import type { HistoryOptions } from "../../src/blame/rung-readings.ts";
import { countSpectrum } from "../../src/blame/spectrum.ts";
import type { Score } from "../../src/model/score.ts";
import type { LabelledRun } from "./labelled-run.ts";

/** All a platform knows without labels: that the run failed as a whole. */
export function scoresOf(run: LabelledRun): Score[] {
  return [{ key: "success", score: 0, spanId: run.trace.root.id, evaluator: "benchmark", evaluatorVersion: "1" }];
}

/**
 * The history the rungs without labels compare with: which runs failed and which passed, never which step was at fault.
 * It holds the failing runs under test too, as a platform's history does.
 */
export function historyOf(failed: readonly LabelledRun[], passed: readonly LabelledRun[]): HistoryOptions {
  const threshold = 0.5;
  if (passed.length === 0) return { threshold };
  const decided = [
    ...failed.map(({ trace }) => ({ trace, failed: true })),
    ...passed.map(({ trace }) => ({ trace, failed: false })),
  ];
  return {
    threshold,
    spectrum: countSpectrum(decided),
    counted: true,
    normality: learnNormality(passed.map(({ trace }) => trace)),
  };
}
