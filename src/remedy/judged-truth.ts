import { bettingInterval } from "../internal/statistics/paired-betting.ts";
import type { GatePlan } from "./gate-options.ts";
import { measured } from "./gate-pair.ts";
import type { GatePair } from "./gate-pair.ts";
import type { JudgedTruth } from "./gate-verdict.ts";
import { judgeSkill, trueRate } from "./judge-skill.ts";
import type { TrueRate } from "./judge-skill.ts";

/**
 * Rates and improvement as people would have judged them. The improvement's interval divides the confidence sequence of
 * the judged difference, widened by the judge's drift, by both ends of its skill. `null` without a judge, and where the
 * judge cannot be told from a coin.
 */
export function judgedTruth(
  targets: readonly GatePair[],
  differences: readonly number[],
  plan: GatePlan,
): JudgedTruth | null {
  const { judge, drift, planned, testAlpha: alpha, judgeAlpha } = plan;
  if (!judge || targets.length === 0) return null;
  const { sensitivityToFailures, specificity, skill, low, high } = judgeSkill(judge, judgeAlpha);
  if (low <= 0) return null;
  const judged = bettingInterval(differences, { alpha, ...(planned !== undefined && { planned }) });
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
  const arm = (name: "baseline" | "candidate"): TrueRate => {
    const passed = targets.reduce((sum, pair) => sum + (measured(pair[name], "pass", pair.exampleId) ?? 0), 0);
    return trueRate(passed / targets.length, targets.length, judge, 0.05);
  };
  const over = (value: number): number[] => [value / low, value / high];
  return {
    sensitivityToFailures,
    specificity,
    baseline: arm("baseline"),
    candidate: arm("candidate"),
    improvement: {
      estimate: clip(mean / skill),
      low: clip(Math.min(...over(judged.low - drift))),
      high: clip(Math.max(...over(judged.high + drift))),
    },
  };
}

function clip(difference: number): number {
  return Math.min(1, Math.max(-1, difference));
}
