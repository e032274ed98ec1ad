import type { Client } from "langsmith";
import type { ThrottlePolicy } from "../alert/throttle.ts";
import type { ActionHandler } from "../destination/custom.ts";
import type { BlameOptions } from "../blame/climb-with-hooks.ts";
import type { Destination } from "../destination/destination.ts";
import type { ConversationEvaluator } from "../evaluator/conversation.ts";
import type { Evaluator } from "../evaluator/evaluator.ts";
import type { EvaluatorLike } from "../evaluator/from-langsmith.ts";
import type { Action } from "../model/action.ts";
import type { AlertRule } from "../model/alert.ts";
import type { Failure } from "../model/failure.ts";
import type { Threshold } from "../model/score.ts";
import type { Trace } from "../model/trace.ts";
import type { EmbeddedSource } from "../platform/embedded.ts";
import type { Platform } from "../platform/platform.ts";
import type { Store } from "../store/store.ts";
import type { RemedyDeclaration } from "./remedy/declare-remedy.ts";
import type { Budget } from "./judge/budget.ts";
import type { CallLimitOptions } from "./judge/call-limits.ts";
import type { LearnOptions } from "./learn/learn.ts";
import type { LoopTracer } from "./loop-tracing.ts";
import type { SampleOptions } from "./judge/sample.ts";
import type { LangSmithRun } from "../wire/langsmith-run.ts";

/** What `onFailure` may return: one action, several, or none. */
export type FailureActions = Action | readonly Action[] | null | undefined | void;

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
  /**
   * Between two sweeps. @default 10_000; 2_000 over our own store; 60_000 beside an embedded server on SQLite, which tells
   * of new traces at once
   */
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
