import { LoopsmithError } from "../model/errors.ts";
import type { AlertInput, AlertMemory } from "../model/alert.ts";
import type { ResolvedCondition } from "./alert-rule.ts";
import { readBurnRate } from "./condition/burn-rate.ts";
import { readLag } from "./condition/lag.ts";
import { readPatterns } from "./condition/pattern.ts";
import { readRate, startRateMemory } from "./condition/rate.ts";
import type { RateLimit } from "./condition/rate.ts";
import type { Moment, Reading } from "./condition/reading.ts";
import { readSpend } from "./condition/spend.ts";

export function startMemory({ kind }: ResolvedCondition, at: number): AlertMemory {
  if (kind === "failure_rate" || kind === "evaluator_health") return startRateMemory(at);
  if (kind === "burn_rate" || kind === "spend") return { kind: "buckets", since: at, buckets: [] };
  return kind === "lag" ? { kind, aboveSince: null } : { kind, open: {} };
}

/** The memory of an alert that is over although nothing was read: what was learned stays. */
export function calmMemory(condition: ResolvedCondition, memory: AlertMemory, at: number): AlertMemory {
  const fresh = startMemory(condition, at);
  return fresh.kind === "rate" && memory.kind === "rate" ? { ...fresh, reference: memory.reference } : fresh;
}

/** The condition's reading, or `null` when the input holds nothing it could read. */
export function readCondition(
  condition: ResolvedCondition,
  memory: AlertMemory,
  input: AlertInput,
  moment: Moment,
): Reading | null {
  const { traces, patterns, lagMs, spendUsd } = input;
  if (condition.kind === "pattern") return patterns ? readPatterns(condition, of(memory, "pattern"), patterns) : null;
  if (condition.kind === "lag")
    return lagMs === undefined ? null : readLag(condition, of(memory, "lag"), lagMs, moment);
  if (condition.kind === "spend") {
    return spendUsd === undefined ? null : readSpend(condition, of(memory, "buckets"), spendUsd, moment);
  }
  if (condition.kind === "evaluator_health") {
    const calls = evaluatorCalls(input, condition.evaluator);
    return calls.total === 0 ? null : readRate(rateLimit(condition), of(memory, "rate"), calls, moment);
  }
  if (traces === undefined || traces.total === 0) return null;
  return condition.kind === "burn_rate"
    ? readBurnRate(condition, of(memory, "buckets"), traces, moment)
    : readRate(rateLimit(condition), of(memory, "rate"), traces, moment);
}

type RateCondition = Extract<ResolvedCondition, { kind: "failure_rate" | "evaluator_health" }>;

/** Rules are evaluated far more often than they are written. */
const limits = new WeakMap<RateCondition, RateLimit>();

function rateLimit(condition: RateCondition): RateLimit {
  const known = limits.get(condition);
  if (known !== undefined) return known;
  const { falseAlarmEveryMs, falseResolveEveryMs } = condition;
  const often = { falseAlarmEveryMs, falseResolveEveryMs };
  const limit = condition.kind === "failure_rate" ? failureLimit(condition, often) : healthLimit(condition, often);
  limits.set(condition, limit);
  return limit;
}

type HowOften = Pick<RateLimit, "falseAlarmEveryMs" | "falseResolveEveryMs">;

function failureLimit(condition: Extract<RateCondition, { kind: "failure_rate" }>, often: HowOften): RateLimit {
  const { baseline, learnTraces, learnLimit, minimumRatio, clusterSize } = condition;
  const learned = baseline === "learn" ? { learnTraces, learnLimit, minimumRatio } : baseline;
  return { ...often, baseline: learned, clusterSize, subject: "Failure rate", unit: "traces" };
}

function healthLimit(condition: Extract<RateCondition, { kind: "evaluator_health" }>, often: HowOften): RateLimit {
  const { maximumErrorShare, evaluator } = condition;
  const subject = `Error share of ${evaluator === undefined ? "evaluators" : `evaluator ${evaluator}`}`;
  return { ...often, baseline: maximumErrorShare, clusterSize: 1, subject, unit: "calls" };
}

function evaluatorCalls({ evaluators = {} }: AlertInput, only: string | undefined): { failing: number; total: number } {
  let [failing, total] = [0, 0];
  for (const [name, { errors, calls }] of Object.entries(evaluators)) {
    if (only !== undefined && name !== only) continue;
    failing += errors;
    total += calls;
  }
  return { failing, total };
}

/** The memory as the kind its condition keeps; `evaluateAlert` has made sure that state and rule belong together. */
function of<K extends AlertMemory["kind"]>(memory: AlertMemory, kind: K): Extract<AlertMemory, { kind: K }> {
  if (memory.kind === kind) return memory as Extract<AlertMemory, { kind: K }>;
  throw new LoopsmithError("internal", `An alert's memory is of kind ${memory.kind}, not ${kind}`, {
    hint: "Report this; starting the alert afresh helps for now.",
  });
}
