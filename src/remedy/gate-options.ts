import { LoopsmithError } from "../model/errors.ts";
import type { JudgeError } from "../model/judge-error.ts";
import type { LimitOptions } from "./gate-limits.ts";
import type { GateMeasure } from "./gate-pair.ts";
import type { SliceOptions } from "./gate-slices.ts";
import { judgeSkill } from "./judge-skill.ts";

export interface GateOptions {
  /** Greatest chance that a candidate which is no better, or harms a slice, passes. @default 0.05 */
  alpha?: number;
  /** How many candidates are tried on the same examples; each gets an equal part of alpha. @default 1 */
  candidates?: number;
  /**
   * How many target pairs the experiment plans, fixed before the first result is seen and kept when it is extended.
   * Nearly keeps the power of a test with a fixed sample; absent, the test is open-ended and weaker.
   */
  planned?: number;
  /** The least true improvement worth having, 0 to 1; a candidate shown to be below it fails. @default 0 */
  minImprovement?: number;
  /** What is compared. @default "pass" */
  measure?: GateMeasure;
  slices?: SliceOptions;
  limits?: LimitOptions;
  /** The judge's calibration against people, for example from `loop.calibration()`. Absent: the evaluators are taken as the truth. Only with `measure: "pass"`. */
  judge?: JudgeError;
  /** Greatest share of pairs that may be without a judgement. @default 0.05 */
  maxMissing?: number;
  /** The effect assumed when no improvement was seen and `moreExamples` must still name a number. @default 0.05 */
  smallestEffect?: number;
  /** Of the bootstrap. @default 1 */
  seed?: number;
}

/** Everything the tests need, with defaults filled in and alpha and margins corrected for the judge. */
export interface GatePlan extends Required<Omit<GateOptions, "planned" | "judge" | "candidates">> {
  planned: number | undefined;
  judge: JudgeError | undefined;
  /** What one candidate's tests may spend. */
  testAlpha: number;
  /** What the judge's calibration may spend. */
  judgeAlpha: number;
  /** Bounds of the judge's sensitivity + specificity - 1; 1 and 1 without a judge. */
  skill: { low: number; high: number };
  drift: number;
}

/** The share of alpha that pays for not knowing the judge's rates exactly. */
const JUDGE_SHARE = 0.2;

/** @throws LoopsmithError `invalid` for options out of range */
export function planGate(options: GateOptions = {}): GatePlan {
  const { alpha = 0.05, candidates = 1, minImprovement = 0, measure = "pass", judge, planned } = options;
  const { maxMissing = 0.05, smallestEffect = 0.05, slices = {}, limits = {}, seed = 1 } = options;
  check(alpha > 0 && alpha < 1, "alpha", alpha, "a share between 0 and 1");
  check(Number.isInteger(candidates) && candidates >= 1, "candidates", candidates, "a whole number from 1");
  check(planned === undefined || planned >= 1, "planned", planned, "a number of pairs from 1");
  check(minImprovement >= 0 && minImprovement < 1, "minImprovement", minImprovement, "a share from 0 to below 1");
  check(smallestEffect > 0 && smallestEffect < 1, "smallestEffect", smallestEffect, "a share between 0 and 1");
  check(maxMissing >= 0 && maxMissing <= 1, "maxMissing", maxMissing, "a share from 0 to 1");
  check(measure === "pass" || measure.score[1] > measure.score[0], "measure", JSON.stringify(measure), "[min, max]");
  check(measure === "pass" || !judge, "judge", "a judge", "left out when scores are compared");
  const drift = judge?.drift ?? 0;
  check(drift >= 0 && drift < 1, "judge.drift", drift, "a share from 0 to below 1");
  const judgeAlpha = judge ? alpha * JUDGE_SHARE : 0;
  return {
    alpha,
    minImprovement,
    measure,
    slices,
    limits,
    maxMissing,
    smallestEffect,
    seed,
    planned,
    judge,
    testAlpha: (alpha - judgeAlpha) / candidates,
    judgeAlpha,
    skill: judge ? judgeSkill(judge, judgeAlpha) : { low: 1, high: 1 },
    drift,
  };
}

function check(holds: boolean, name: string, value: unknown, wanted: string): void {
  if (holds) return;
  throw new LoopsmithError("invalid", `The gate's \`${name}\` is ${String(value)}.`, {
    hint: `Pass ${wanted}.`,
    details: { name },
  });
}
