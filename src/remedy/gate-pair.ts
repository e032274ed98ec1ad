import { LoopsmithError } from "../model/errors.ts";

/** What one arm (baseline or candidate) did on one example. */
export interface GateArm {
  /** `true` or 1 passed, `false` or 0 failed, between: the share of repetitions that passed. `null`: not judged. */
  pass: number | boolean | null;
  /** Needed where the gate compares scores; otherwise reported beside. */
  score?: number | null;
  costUsd?: number | null;
  latencyMs?: number | null;
}

/** Baseline and candidate on the same example. */
export interface GatePair {
  exampleId: string;
  baseline: GateArm;
  candidate: GateArm;
  /** A matched passing example: it must not get worse, and says nothing about the improvement. @default false */
  control?: boolean;
  /** Other followed patterns and slices the example belongs to. */
  slices?: readonly string[];
}

/** Compare the share that passed, or mean scores inside the given range. */
export type GateMeasure = "pass" | { score: readonly [min: number, max: number] };

/**
 * Candidate minus baseline on one example, from -1 to 1, or `null` when an arm was not judged.
 * @throws LoopsmithError `invalid` for a share or a score outside its range
 */
export function pairDifference(pair: GatePair, measure: GateMeasure): number | null {
  const baseline = measured(pair.baseline, measure, pair.exampleId);
  const candidate = measured(pair.candidate, measure, pair.exampleId);
  return baseline === null || candidate === null ? null : candidate - baseline;
}

/** One arm's result on a scale from 0 to 1. */
export function measured(arm: GateArm, measure: GateMeasure, exampleId: string): number | null {
  const [min, max] = measure === "pass" ? [0, 1] : measure.score;
  const value = measure === "pass" ? arm.pass : arm.score;
  if (value === null || value === undefined) return null;
  const share = (Number(value) - min) / (max - min);
  if (share >= 0 && share <= 1) return share;
  throw new LoopsmithError("invalid", `Example ${exampleId} has ${String(value)}, outside ${min} to ${max}.`, {
    hint: "Pass results inside the range, or widen `measure`.",
    details: { exampleId },
  });
}
