import type { EDetector } from "../internal/statistics/e-detector.ts";
import type { ReferenceRate } from "../internal/statistics/reference-rate.ts";
import type { IssueEvent, IssueEventType } from "./issue.ts";
import type { JsonObject } from "./json.ts";

/** When to tell someone. Every option but `name` and `condition` has a default. */
export interface AlertRule {
  /** Unique among rules; part of every notification's stable id. */
  name: string;
  condition: AlertCondition;
  /** How loud. Burn rates bring their own per window. @default "ticket" */
  severity?: AlertSeverity;
  /** Names of destinations. @default none, which still records every transition */
  destinations?: readonly string[];
  /** Runs (traces, evaluator calls) the suspected change must rest on before anyone is told. @default 10 */
  minimumSamples?: number;
  /**
   * What silence means once it has lasted `noDataAfterMs`.
   * - `report`: say so once, and once when data are back
   * - `keep`: nothing; the alert stays as it was
   * - `ok`: all is well; a firing alert resolves
   * - `alert`: it is a failure; the alert fires
   * @default "report"
   */
  noData?: "report" | "keep" | "ok" | "alert";
  /** @default 24 hours */
  noDataAfterMs?: number;
  /** Remind while firing; `null` is never. @default 4 hours, never for `pattern` */
  renotifyEveryMs?: number | null;
  /** Tell when it is over. @default true */
  notifyResolved?: boolean;
}

export type AlertSeverity = "page" | "ticket" | "info";

export type AlertCondition =
  | FailureRateCondition
  | BurnRateCondition
  | PatternCondition
  | EvaluatorHealthCondition
  | LagCondition
  | SpendCondition;

/** The share of failing traces rose. A Bernoulli e-detector: see `docs/alerts.md` for its guarantee. */
export interface FailureRateCondition {
  kind: "failure_rate";
  /** The rate that is fine (0 to 1), or what the first `learnTraces` show, refined up to `learnLimit`. @default "learn" */
  baseline?: number | "learn";
  /** Traces before a learned baseline is used. @default 500 */
  learnTraces?: number;
  /** Traces after which a learned baseline stops moving, so that slow drift shows. @default 20_000 */
  learnLimit?: number;
  /** A learned baseline is allowed to rise by this factor before it counts. @default 1.1 */
  minimumRatio?: number;
  /** One false alarm is acceptable in this time. @default 30 days */
  falseAlarmEveryMs?: number;
  /** One wrong "resolved" is acceptable in this time while the rate is still twice the usual. @default 7 days */
  falseResolveEveryMs?: number;
  /**
   * Traces of one task, session or user that may fail together, on average.
   * @default what the loop's last day shows; 1 without a loop
   */
  clusterSize?: number;
}

/** An error budget is burning too fast, on a long and a short window at once (Google, The Site Reliability Workbook, ch. 5). */
export interface BurnRateCondition {
  kind: "burn_rate";
  /** Share of traces that must pass, for example 0.99. */
  objective: number;
  /** @default 14.4 over 1 h and 5 min, 6 over 6 h and 30 min (page); 3 over 1 d and 2 h, 1 over 3 d and 6 h (ticket) */
  windows?: readonly BurnWindow[];
  /** Failing traces the long window must hold. @default 3 */
  minimumFailures?: number;
}

export interface BurnWindow {
  longMs: number;
  shortMs: number;
  /** Budgets burnt per budget period: 1 uses it up exactly. */
  factor: number;
  severity: AlertSeverity;
}

/** An issue was born, grew or came back. Decided by the issue's own tests, with e-BH over all issues (`observeWindows`). */
export interface PatternCondition {
  kind: "pattern";
  /** @default ["pattern:confirmed", "pattern:growing", "pattern:regressed"] */
  on?: readonly IssueEventType[];
  /** Only these issues. @default all */
  issueIds?: readonly string[];
}

/** Evaluators throw, hang or return no score. */
export interface EvaluatorHealthCondition {
  kind: "evaluator_health";
  /** @default all together */
  evaluator?: string;
  /** Share of calls that may fail. @default 0.05 */
  maximumErrorShare?: number;
  /** @default 30 days */
  falseAlarmEveryMs?: number;
  /** @default 7 days */
  falseResolveEveryMs?: number;
}

/** Verdicts come late. */
export interface LagCondition {
  kind: "lag";
  /** Age of the oldest trace that waits to be judged. */
  aboveMs: number;
  /** It has to stay up for this long. @default 5 minutes */
  forMs?: number;
  /** It has to fall below this to be over. @default 0.8 of `aboveMs` */
  resolveBelowMs?: number;
}

/** Evaluating costs more than planned. */
export interface SpendCondition {
  kind: "spend";
  aboveUsd: number;
  /** Sliding window. @default 1 day */
  perMs?: number;
  /** @default 0.8 of `aboveUsd` */
  resolveBelowUsd?: number;
}

/** What happened since the rule was last evaluated. What is absent is unknown, which is not the same as zero. */
export interface AlertInput {
  traces?: { failing: number; total: number };
  /** By evaluator name. */
  evaluators?: Readonly<Record<string, { errors: number; calls: number }>>;
  /** Now, not since last time. */
  lagMs?: number;
  spendUsd?: number;
  /** An empty list says that issues were followed and nothing happened. */
  patterns?: readonly IssueEvent[];
}

/**
 * - `learning`: no baseline yet
 * - `ok`, `firing`
 * - `no_data`: silent for too long, and the rule wants that told apart
 */
export type AlertPhase = "learning" | "ok" | "firing" | "no_data";

/** What a rule remembers: plain finite numbers, safe through JSON. */
export interface AlertState {
  rule: string;
  /** The kind of condition the memory belongs to. */
  condition: AlertCondition["kind"];
  phase: AlertPhase;
  /** Epoch ms at which the phase was entered. */
  since: number;
  evaluatedAt: number;
  lastDataAt: number;
  /** Why it fires; `no_data` ends as soon as data are back. */
  cause: "condition" | "no_data" | null;
  /** The phase to return to from `no_data`. */
  before: AlertPhase | null;
  /** Epoch ms of the last notification that went out in this episode. */
  notifiedAt: number | null;
  /** How often it has fired, and how many notifications were made: the two make their ids. */
  episode: number;
  sequence: number;
  muted: { until: number | null; why: string } | null;
  /** Notifications held back by muting since the last one that went out. */
  suppressed: number;
  memory: AlertMemory;
}

export type AlertMemory = RateMemory | BucketMemory | LagMemory | PatternMemory;

export interface RateMemory {
  kind: "rate";
  reference: ReferenceRate;
  rise: EDetector;
  /** Only while firing. */
  fall: EDetector | null;
  /** The rate that is to be disproved before it resolves. */
  raised: number | null;
  /** Runs since the change began, by estimate; only while firing. */
  current: { from: number; failing: number; total: number } | null;
}

/** Sums per bucket of time, oldest first: failing and all traces, or money. */
export interface BucketMemory {
  kind: "buckets";
  /** Epoch ms since when everything is in here. */
  since: number;
  buckets: { at: number; part: number; whole: number }[];
}

export interface LagMemory {
  kind: "lag";
  /** Epoch ms since when it has been above its limit. */
  aboveSince: number | null;
}

export interface PatternMemory {
  kind: "pattern";
  open: Record<string, { type: IssueEventType; at: number; sentence: string }>;
}

/** One change of phase, for the record. Muting does not hide it. */
export interface AlertTransition {
  rule: string;
  at: number;
  from: AlertPhase;
  to: AlertPhase;
  why: string;
}

/** Something to tell people. */
export interface AlertNotification {
  /** Stable: the same evaluation, repeated after a crash, gives the same id. */
  id: string;
  rule: string;
  kind: "fired" | "reminder" | "resolved" | "no_data" | "data_back" | "test";
  severity: AlertSeverity;
  at: number;
  title: string;
  text: string;
  data: JsonObject;
  destinations: readonly string[];
}
