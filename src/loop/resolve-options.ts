import { resolveAlertRule } from "../alert/alert-rule.ts";
import type { Destination } from "../destination/destination.ts";
import type { ConversationEvaluator } from "../evaluator/conversation.ts";
import type { Evaluator } from "../evaluator/evaluator.ts";
import { toEvaluator, type EvaluatorLike } from "../evaluator/from-langsmith.ts";
import type { AlertRule } from "../model/alert.ts";
import { invalidOption } from "./invalid-option.ts";
import { assertBudgets, mergeBudgets } from "./judge/budget.ts";
import { assertCallLimits } from "./judge/call-limits.ts";
import { assertKnownOptions } from "./known-options.ts";
import type { FeedbackLoopOptions, ResolvedLoopOptions } from "./options.ts";
import { assertRemedies, type RemedyDeclaration } from "./remedy/declare-remedy.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Checks the options and fills in every default.
 * @throws LoopsmithError `invalid` naming the option, its value and what it should be
 */
export function resolveOptions(options: FeedbackLoopOptions): ResolvedLoopOptions {
  assertKnownOptions(options);
  if (typeof options.projectName !== "string" || options.projectName.trim() === "") {
    throw invalidOption("projectName", options.projectName, "the name of a tracing project");
  }
  type Like = EvaluatorLike | ConversationEvaluator;
  const likes = Array.isArray(options.evaluator) ? (options.evaluator as readonly Like[]) : [options.evaluator as Like];
  if (likes.length === 0) throw invalidOption("evaluator", "[]", "at least one evaluator");
  const conversations = likes.filter(isConversation);
  const evaluators = withDistinctNames(likes.flatMap((like) => (isConversation(like) ? [] : [toEvaluator(like)])));
  const scoreRange = options.scoreRange ?? [0, 1];
  assertThreshold(options.threshold, scoreRange);
  const positive = (name: keyof FeedbackLoopOptions, fallback: number, least = 1): number => {
    const value = options[name] ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value) || value < least) {
      throw invalidOption(name, value, `a number of at least ${least}`);
    }
    return value;
  };
  for (const [name, destination] of Object.entries(options.destinations ?? {})) {
    if (typeof destination?.deliver !== "function") {
      throw invalidOption(`destinations.${name}`, destination, "a destination such as slack({...})");
    }
  }
  const { cluster, budgets = [], limits = {} } = options;
  assertCallLimits(limits, [...evaluators, ...conversations]);
  assertBudgets(budgets, [...evaluators, ...conversations]);
  const sample = typeof options.sample === "object" ? options.sample : { rate: options.sample ?? 1 };
  if (!(sample.rate >= 0 && sample.rate <= 1)) throw invalidOption("sample", sample.rate, "a share from 0 to 1");
  const { alerts = [], destinations = {} } = options;
  assertAlerts(alerts, destinations, evaluators);
  const remedies = [options.remedy ?? []].flat() as RemedyDeclaration[];
  assertRemedies(remedies, options.learn !== false);
  return {
    remedies,
    sample,
    budgets: mergeBudgets(budgets),
    limits,
    alerts,
    blame: options.blame ?? {},
    throttle: options.throttle === false ? null : (options.throttle ?? {}),
    learn: options.learn === false ? null : (options.learn ?? {}),
    projectName: options.projectName,
    name: options.name ?? options.projectName,
    evaluators,
    conversations,
    threshold: options.threshold,
    scoreRange,
    onFailure: options.onFailure ?? (() => null),
    settleMs: positive("settleMs", 10_000, 0),
    maxOpenMs: positive("maxOpenMs", DAY_MS),
    lookbackMs: positive("lookbackMs", DAY_MS),
    pollMs: options.pollMs === undefined ? null : positive("pollMs", 10_000, 10),
    concurrency: positive("concurrency", 8),
    maxAttempts: positive("maxAttempts", 3),
    retryMs: positive("retryMs", 1000, 0),
    evaluatorTimeoutMs: positive("evaluatorTimeoutMs", 60_000),
    writeScores: options.writeScores ?? true,
    waitForProject: options.waitForProject ?? false,
    cluster: (trace) => (cluster ? (cluster(trace) ?? null) : trace.threadId),
    actions: options.actions ?? {},
    destinations,
    secrets: options.secrets ?? {},
    allowPrivateNetworks: options.allowPrivateNetworks ?? false,
    lineageKey: options.lineageKey ?? null,
    tracer: options.tracer ?? null,
    random: options.random ?? Math.random,
  };
}

function isConversation(like: EvaluatorLike | ConversationEvaluator): like is ConversationEvaluator {
  return typeof like === "object" && "kind" in like && like.kind === "conversation";
}

/** Two arrow functions are both called `evaluator`; the second becomes `evaluator_2`. */
function withDistinctNames(evaluators: readonly Evaluator[]): Evaluator[] {
  const counts = new Map<string, number>();
  return evaluators.map((evaluator) => {
    const nth = (counts.get(evaluator.name) ?? 0) + 1;
    counts.set(evaluator.name, nth);
    return nth === 1 ? evaluator : toEvaluator(evaluator, { name: `${evaluator.name}_${nth}` });
  });
}

function assertAlerts(
  alerts: readonly AlertRule[],
  destinations: Readonly<Record<string, Destination>>,
  evaluators: readonly Evaluator[],
): void {
  const known = evaluators.map(({ name }) => name);
  const names = new Set<string>();
  for (const rule of alerts) {
    resolveAlertRule(rule);
    if (names.has(rule.name)) throw invalidOption("alerts", rule.name, "every rule a name of its own");
    names.add(rule.name);
    const watched = rule.condition.kind === "evaluator_health" ? rule.condition.evaluator : undefined;
    if (watched !== undefined && !known.includes(watched)) {
      throw invalidOption(`alerts.${rule.name}.condition.evaluator`, watched, `one of: ${known.join(", ")}`);
    }
    for (const name of rule.destinations ?? []) {
      if (Object.hasOwn(destinations, name)) continue;
      throw invalidOption(
        `alerts.${rule.name}`,
        name,
        `destinations that exist: ${Object.keys(destinations).join(", ") || "none"}`,
      );
    }
  }
}

function assertThreshold(threshold: unknown, [low, high]: readonly [number, number]): void {
  const check = (name: string, value: unknown): void => {
    if (typeof value !== "number" || !Number.isFinite(value) || value < low || value > high) {
      throw invalidOption(
        name,
        value,
        `a number from ${low} to ${high} (widen scoreRange if your evaluators score differently)`,
      );
    }
  };
  if (typeof threshold === "object" && threshold !== null && !Array.isArray(threshold)) {
    const entries = Object.entries(threshold);
    if (entries.length === 0)
      throw invalidOption("threshold", "{}", "a number, or at least one feedback key with a number");
    for (const [key, value] of entries) check(`threshold.${key}`, value);
  } else check("threshold", threshold);
}
