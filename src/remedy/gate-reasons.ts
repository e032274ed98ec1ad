import type { LimitVerdict } from "./gate-limits.ts";
import type { GatePlan } from "./gate-options.ts";
import type { SliceVerdict } from "./gate-slices.ts";
import { OUTCOMES_WORST_FIRST } from "./gate-verdict.ts";
import type { GateReason, GateVerdict } from "./gate-verdict.ts";
import { moreExamples } from "./more-examples.ts";

type Numbers = Omit<GateVerdict, "verdict" | "explanation" | "reasons" | "moreExamples">;

/**
 * What each test says and how many more examples the open ones need.
 * @param current the e-value at the end, which further examples would multiply
 * @param improvedNull the mean difference the improvement is tested against
 */
export function gateReasons(
  numbers: Numbers,
  plan: GatePlan,
  differences: readonly number[],
  current: number,
  improvedNull: number,
): { reasons: GateReason[]; moreExamples: number | null } {
  const target = moreExamples(differences, {
    alpha: plan.testAlpha,
    planned: plan.planned,
    eValue: current,
    nullMean: improvedNull,
    assumedMean: Math.max(improvedNull + plan.smallestEffect * plan.skill.low, 0),
  });
  const improvement = improvementReason(numbers, plan, target);
  const reasons = [
    improvement,
    ...judgeReason(numbers, plan),
    ...missingReason(numbers, plan),
    ...sliceReasons(numbers.slices),
    ...numbers.limits.map(limitReason),
  ].sort((a, b) => OUTCOMES_WORST_FIRST.indexOf(a.outcome) - OUTCOMES_WORST_FIRST.indexOf(b.outcome));
  if (reasons[0]?.outcome !== "INCONCLUSIVE") return { reasons, moreExamples: null };
  const open = [
    ...(improvement.outcome === "INCONCLUSIVE" ? [target] : []),
    ...numbers.slices
      .filter((slice) => slice.required && slice.status === "unproven")
      .map((slice) => slice.moreExamples),
    ...numbers.limits.filter((limit) => limit.status === "unclear").map((limit) => limit.moreExamples),
  ];
  const known = open.filter((count) => count !== null);
  return { reasons, moreExamples: known.length > 0 && known.length === open.length ? Math.max(...known) : null };
}

/** All reasons as one paragraph. */
export function explain(reasons: readonly GateReason[]): string {
  return reasons.map((reason) => reason.text).join(" ");
}

function improvementReason(numbers: Numbers, plan: GatePlan, target: number | null): GateReason {
  const { pairs, baseline, candidate, improvement, eValue, bar, decidedAt, eValueAgainst } = numbers;
  if (pairs === 0) return { about: "improvement", outcome: "INCONCLUSIVE", text: "No target example was judged." };
  const sure = percent(1 - plan.testAlpha);
  const seen =
    `On ${count(pairs, "target example")} the candidate reaches ${percent(candidate)} and the baseline ${percent(baseline)}: ` +
    `${points(improvement.estimate)} points (${sure} sure of at least ${points(improvement.low)}, ` +
    `${sure} sure of at most ${points(improvement.high)})`;
  const wished = plan.minImprovement > 0 ? ` of at least ${points(plan.minImprovement)} points` : "";
  if (eValueAgainst >= bar) {
    const what = plan.minImprovement > 0 ? `It falls short of an improvement${wished}` : "It is worse";
    return {
      about: "improvement",
      outcome: "FAIL",
      text: `${seen}. ${what}: e-value ${number(eValueAgainst)} against it, ${number(bar)} suffice.`,
    };
  }
  if (decidedAt !== null) {
    const text = `${seen}. The improvement${wished} is shown: e-value ${number(eValue)} reached ${number(bar)} after ${decidedAt} pairs.`;
    return { about: "improvement", outcome: "PASS", text };
  }
  const more =
    target === null ? "No number of examples would show it." : `About ${target} more target examples would decide it.`;
  return {
    about: "improvement",
    outcome: "INCONCLUSIVE",
    text: `${seen}. An improvement${wished} is not shown: e-value ${number(eValue)} of the ${number(bar)} needed. ${more}`,
  };
}

function judgeReason({ truth }: Numbers, { judge }: GatePlan): GateReason[] {
  if (!judge) return [];
  if (truth === null) {
    const text = "The judge's calibration does not rule out that it agrees with people no more often than a coin.";
    return [{ about: "judge", outcome: "INCONCLUSIVE", text }];
  }
  const { estimate, low, high } = truth.improvement;
  const text =
    `Corrected for the judge (fails ${percent(truth.sensitivityToFailures)} of failures, passes ` +
    `${percent(truth.specificity)} of passes) the improvement is about ${points(estimate)} points (${points(low)} to ${points(high)}).`;
  return [{ about: "judge", outcome: "PASS", text }];
}

function missingReason({ pairs, controls, missing }: Numbers, { maxMissing }: GatePlan): GateReason[] {
  const share = missing / Math.max(1, pairs + controls + missing);
  if (share <= maxMissing) return [];
  const text = `${count(missing, "pair")} (${percent(share)}) could not be judged; at most ${percent(maxMissing)} may be missing.`;
  return [{ about: "missing", outcome: "INCONCLUSIVE", text }];
}

function sliceReasons(slices: readonly SliceVerdict[]): GateReason[] {
  const held = slices.filter((slice) => slice.status === "held");
  const rest = slices.filter((slice) => slice.status !== "held").map(sliceReason);
  if (held.length === 0) return rest;
  const worst = Math.min(...held.map((slice) => slice.low));
  const names = held.map((slice) => slice.name).join(", ");
  const text = `Shown to lose less than ${points(held[0]?.margin ?? 0, "")} points (worst bound ${points(worst)}): ${names}.`;
  return [...rest, { about: "slice", outcome: "PASS", text }];
}

function sliceReason({
  name,
  pairs,
  difference,
  high,
  margin,
  status,
  required,
  moreExamples,
}: SliceVerdict): GateReason {
  const seen = `${points(difference)} points over ${count(pairs, "pair")}`;
  if (status === "harmed") {
    const text = `Slice ${name} is harmed: ${seen}, at most ${points(high)}.`;
    return { about: "slice", outcome: "FAIL", text };
  }
  const more = moreExamples === null ? "" : ` About ${moreExamples} more examples of it would show it.`;
  const text = `Slice ${name} is not shown to lose less than ${points(margin, "")} points: ${seen}.`;
  if (required) return { about: "slice", outcome: "INCONCLUSIVE", text: text + more };
  return { about: "slice", outcome: "PASS", text: `${text} It is too small to need proof, and shows no harm.` };
}

const LIMIT_NAMES: Readonly<Record<LimitVerdict["name"], string>> = {
  costRatio: "Cost relative to the baseline",
  costUsd: "Cost in US dollars",
  latencyRatio: "Latency relative to the baseline",
  latencyMs: "Latency in ms",
};

function limitReason({ name, limit, value, low, high, status, pairs }: LimitVerdict): GateReason {
  const what = LIMIT_NAMES[name];
  if (pairs === 0) return { about: "limit", outcome: "INCONCLUSIVE", text: `${what} was not recorded.` };
  const seen = `${number(value)} (90% interval ${number(low)} to ${number(high)}), limit ${number(limit)}`;
  if (status === "over") return { about: "limit", outcome: "FAIL", text: `${what} is over its limit: ${seen}.` };
  if (status === "within") return { about: "limit", outcome: "PASS", text: `${what} is within its limit: ${seen}.` };
  return { about: "limit", outcome: "INCONCLUSIVE", text: `${what} may be over its limit: ${seen}.` };
}

function points(share: number, plus = "+"): string {
  return `${share > 0 ? plus : ""}${(share * 100).toFixed(1)}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}

function number(value: number): string {
  return Math.abs(value) >= 1e6 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
