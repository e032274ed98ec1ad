import type { Client } from "langsmith";
import type { ThrottlePolicy } from "../alert/throttle.ts";
import { resolveAlertRule } from "../alert/alert-rule.ts";
import type { ActionHandler } from "../destination/custom.ts";
import type { HookOptions } from "../blame/climb-with-hooks.ts";
import { isRecording } from "../destination/delivery-id.ts";
import type { Destination } from "../destination/destination.ts";
import type { ConversationEvaluator } from "../evaluator/conversation.ts";
import type { Evaluator } from "../evaluator/evaluator.ts";
import { toEvaluator, type EvaluatorLike } from "../evaluator/from-langsmith.ts";
import type { Action } from "../model/action.ts";
import type { AlertRule } from "../model/alert.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Failure } from "../model/failure.ts";
import type { Threshold } from "../model/score.ts";
import type { Trace } from "../model/trace.ts";
import type { EmbeddedSource } from "../platform/embedded.ts";
import type { Platform } from "../platform/platform.ts";
import type { Store } from "../store/store.ts";
import { assertRemedies, type RemedyDeclaration } from "./remedy/declare-remedy.ts";
import { assertBudgets, type Budget } from "./judge/budget.ts";
import { assertCallLimits, type CallLimitOptions } from "./judge/call-limits.ts";
import type { LearnOptions } from "./learn/learn.ts";
import type { LoopTracer } from "./loop-tracing.ts";
import type { SampleOptions } from "./judge/sample.ts";
import type { LangSmithRun } from "../wire/langsmith-run.ts";

/** What `onFailure` may return: one action, several, or none. */
export type FailureActions = Action | readonly Action[] | null | undefined | void;

/** What a loop may ask beyond the trace and its history when it looks for a culprit. */
export type BlameOptions = Pick<HookOptions, "judge" | "replay" | "shortlist" | "maxReplays" | "timeoutMs">;

export interface FeedbackLoopOptions<C extends object = object> {
  /** LangSmith's `Client`, an embedded server from `loopsmith/server`, or a platform of your own. */
  client: Client | EmbeddedSource | Platform;
  /** The tracing project to watch. */
  projectName: string;
  /**
   * Any LangSmith evaluator, unchanged, or several; Loopsmith's own evaluators too. Those of conversations
   * (`defineConversationEvaluator`) are called once a thread has gone idle, with its traces that were judged.
   */
  evaluator: EvaluatorLike | ConversationEvaluator | readonly (EvaluatorLike | ConversationEvaluator)[];
  /** A run that scores strictly below fails. One number for every key, or one a key (other keys are recorded, never fail). */
  threshold: Threshold;
  /** Called once for each failing trace revision; what it returns is delivered at least once under stable ids. */
  onFailure?: (run: LangSmithRun, score: number, failure: Failure) => FailureActions | Promise<FailureActions>;

  /** Tells loops over one project apart; part of every id. @default projectName */
  name?: string;
  /** Range of the evaluators' scores; a threshold outside is refused. @default [0, 1] */
  scoreRange?: readonly [number, number];
  /** How long a trace must be quiet after its root ended. @default 10_000 */
  settleMs?: number;
  /** After this long a trace is judged though its root never ended. @default 24 h */
  maxOpenMs?: number;
  /** How far back a sweep looks for traces that were not judged yet. @default 24 h */
  lookbackMs?: number;
  /** Between two sweeps. An embedded server also tells of new traces at once. @default 10_000, embedded 60_000 */
  pollMs?: number;
  /** Traces judged at the same time. @default 8 */
  concurrency?: number;
  /** Attempts before a trace gets the verdict `error`. @default 3 */
  maxAttempts?: number;
  /** Delay before the second attempt, doubled each time. @default 1_000 */
  retryMs?: number;
  /** For evaluators that name no timeout of their own. @default 60_000 */
  evaluatorTimeoutMs?: number;
  /** Write scores back to the platform as feedback on the span they are about. @default true */
  writeScores?: boolean;
  /** Start although the project does not exist yet, and wait for its first trace. @default false */
  waitForProject?: boolean;
  /** Which traces are judged, by a hash of the trace id: a share, or a share with strata that are always judged. @default 1 */
  sample?: number | SampleOptions;
  /** Hard limits on what evaluators may cost. What does not fit is deferred to the next window. @default none */
  budgets?: readonly Budget[];
  /**
   * How fast evaluators may be called: `{ evaluators: { name: { concurrency, perMinute } }, providers: { ... } }`, where an
   * evaluator names its `provider`. What is over a limit waits. @default only the loop's `concurrency`
   */
  limits?: CallLimitOptions;
  /**
   * Rungs above the ones that need nothing: a `judge` that picks from the shortlist (`blameJudge`, or a function of your
   * own) and a `replay` that runs a trace again from a corrected span; what it proves is reported as `method: "replay"`.
   * Called for failing traces only. One that throws costs its rung and is told as an `error` event. @default neither
   */
  blame?: BlameOptions;
  /** Groups runs that are not independent (one task, user or conversation), for the statistics. @default the thread id */
  cluster?: (trace: Trace) => string | null | undefined;

  /**
   * How often people may be interrupted by `notify` actions: a digest of many matches, a cooldown, a daily ceiling. What
   * records (queues, datasets, feedback) is never held back. `false` sends every one. @default a digest after 5 minutes,
   * 15 minutes apart, 20 a day for each destination
   */
  throttle?: ThrottlePolicy | false;
  /** When to tell whom; each rule names entries of `destinations`. See docs/alerts.md. @default none */
  alerts?: readonly AlertRule[];
  /** How patterns are followed; `false` follows none. See docs/issues.md. */
  learn?: LearnOptions | false;
  /** Fixes to be tried on the patterns that are followed; several with `defineRemedy`. See docs/remedy.md. @default none */
  remedy?: RemedyDeclaration<C> | readonly RemedyDeclaration<C>[];
  /** Handlers of `custom` actions by name. Must be safe to repeat: `delivery.id` is the same on every attempt. */
  actions?: Readonly<Record<string, ActionHandler>>;
  /** Receivers of `notify` actions by name. */
  destinations?: Readonly<Record<string, Destination>>;
  /** Secrets by name, for actions that say `secret: "NAME"`. Several values while rotating, newest first. */
  secrets?: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Signs what the loop's evaluators trace, so that no loop judges it. Loops with separate databases over one project need
   * the same. @default a random key kept in the loop's store
   */
  lineageKey?: string;
  /**
   * Traces the loop itself: an OpenTelemetry tracer, `trace.getTracer("...")` of `@opentelemetry/api`. Spans carry no text of
   * the traces that are judged. @default none
   */
  tracer?: LoopTracer;
  /** Webhooks may reach loopback and private addresses: all (`true`), or the hosts and CIDR blocks listed. @default false */
  allowPrivateNetworks?: boolean | readonly string[];

  /** Where the loop keeps its ledger. @default the embedded server's store, else SQLite in `dataDir` */
  store?: Store;
  /** @default ".loopsmith" */
  dataDir?: string;
  /** Replaced in tests. @default Math.random */
  random?: () => number;
}

export interface ResolvedLoopOptions extends Required<
  Pick<
    FeedbackLoopOptions,
    | "projectName"
    | "threshold"
    | "name"
    | "scoreRange"
    | "settleMs"
    | "maxOpenMs"
    | "lookbackMs"
    | "concurrency"
    | "maxAttempts"
    | "retryMs"
    | "evaluatorTimeoutMs"
    | "writeScores"
    | "waitForProject"
    | "actions"
    | "destinations"
    | "secrets"
    | "allowPrivateNetworks"
    | "random"
    | "budgets"
    | "limits"
  >
> {
  evaluators: Evaluator[];
  conversations: ConversationEvaluator[];
  onFailure: NonNullable<FeedbackLoopOptions["onFailure"]>;
  cluster: (trace: Trace) => string | null;
  blame: BlameOptions;
  pollMs: number | null;
  lineageKey: string | null;
  tracer: LoopTracer | null;
  sample: SampleOptions;
  alerts: readonly AlertRule[];
  throttle: ThrottlePolicy | null;
  /** `null`: patterns are not followed. */
  learn: LearnOptions | null;
  remedies: readonly RemedyDeclaration[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Checks the options and fills in every default.
 * @throws LoopsmithError `invalid` naming the option, its value and what it should be
 */
export function resolveOptions(options: FeedbackLoopOptions): ResolvedLoopOptions {
  if (typeof options.projectName !== "string" || options.projectName.trim() === "") {
    throw invalid("projectName", options.projectName, "the name of a tracing project");
  }
  type Like = EvaluatorLike | ConversationEvaluator;
  const likes = Array.isArray(options.evaluator) ? (options.evaluator as readonly Like[]) : [options.evaluator as Like];
  if (likes.length === 0) throw invalid("evaluator", "[]", "at least one evaluator");
  const conversations = likes.filter(isConversation);
  const evaluators = withDistinctNames(likes.flatMap((like) => (isConversation(like) ? [] : [toEvaluator(like)])));
  const scoreRange = options.scoreRange ?? [0, 1];
  assertThreshold(options.threshold, scoreRange);
  const positive = (name: keyof FeedbackLoopOptions, fallback: number, least = 1): number => {
    const value = options[name] ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value) || value < least) {
      throw invalid(name, value, `a number of at least ${least}`);
    }
    return value;
  };
  for (const [name, destination] of Object.entries(options.destinations ?? {})) {
    if (typeof destination?.deliver !== "function") {
      throw invalid(`destinations.${name}`, destination, "a destination such as slack({...})");
    }
  }
  const { cluster, budgets = [], limits = {} } = options;
  assertCallLimits(limits, [...evaluators, ...conversations]);
  assertBudgets(budgets, [...evaluators, ...conversations]);
  const sample = typeof options.sample === "object" ? options.sample : { rate: options.sample ?? 1 };
  if (!(sample.rate >= 0 && sample.rate <= 1)) throw invalid("sample", sample.rate, "a share from 0 to 1");
  const { alerts = [], destinations = {} } = options;
  assertAlerts(alerts, destinations, evaluators);
  const remedies = [options.remedy ?? []].flat() as RemedyDeclaration[];
  assertRemedies(remedies, options.learn !== false);
  return {
    remedies,
    sample,
    budgets,
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

/**
 * Refuses an action no handler of this loop could ever carry out, at the time the verdict is made.
 * @throws LoopsmithError `invalid`
 */
export function assertDeliverable(
  action: Action,
  options: Pick<ResolvedLoopOptions, "actions" | "destinations">,
): void {
  if (isRecording(action)) return;
  if (action.action === "custom" && !Object.hasOwn(options.actions, action.name)) {
    throw invalid(
      "actions",
      `no handler "${action.name}"`,
      `one of: ${Object.keys(options.actions).join(", ") || "none"}`,
    );
  }
  if (action.action === "notify") {
    const destination = Object.hasOwn(options.destinations, action.destination)
      ? options.destinations[action.destination]
      : undefined;
    if (!destination) {
      const known = Object.keys(options.destinations).join(", ") || "none";
      throw invalid("destinations", `no destination "${action.destination}"`, `one of: ${known}`);
    }
  }
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
    if (names.has(rule.name)) throw invalid("alerts", rule.name, "every rule a name of its own");
    names.add(rule.name);
    const watched = rule.condition.kind === "evaluator_health" ? rule.condition.evaluator : undefined;
    if (watched !== undefined && !known.includes(watched)) {
      throw invalid(`alerts.${rule.name}.condition.evaluator`, watched, `one of: ${known.join(", ")}`);
    }
    for (const name of rule.destinations ?? []) {
      if (Object.hasOwn(destinations, name)) continue;
      throw invalid(
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
      throw invalid(
        name,
        value,
        `a number from ${low} to ${high} (widen scoreRange if your evaluators score differently)`,
      );
    }
  };
  if (typeof threshold === "object" && threshold !== null && !Array.isArray(threshold)) {
    const entries = Object.entries(threshold);
    if (entries.length === 0) throw invalid("threshold", "{}", "a number, or at least one feedback key with a number");
    for (const [key, value] of entries) check(`threshold.${key}`, value);
  } else check("threshold", threshold);
}

function invalid(name: string, value: unknown, expected: string): LoopsmithError {
  const shown = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return new LoopsmithError("invalid", `${name} is ${shown}`, {
    hint: `Give ${expected}.`,
    details: { option: name },
  });
}
