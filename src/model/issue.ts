import type { EDetector } from "../internal/statistics/e-detector.ts";
import type { ReferenceRate } from "../internal/statistics/reference-rate.ts";
import type { Predicate } from "./pattern.ts";

/**
 * What an issue's newest data say. Every state is a statement about now; what was once true stands in the history.
 *
 * - `candidate`: mined, not yet seen again in data the miner did not look at
 * - `confirmed`: seen again; lately
 * - `growing`, `shrinking`: its rate went up or down lately, judged by an e-process
 * - `stable`: nothing new for a while
 * - `resolved`: exposed runs exist, and the upper bound of its rate is below a quarter of what it was (both above background)
 * - `no_exposure`: no run lately on which it could have shown, so nothing can be said
 * - `regressed`: was resolved and came back; lately
 */
export const ISSUE_STATES = [
  "candidate",
  "confirmed",
  "growing",
  "stable",
  "shrinking",
  "resolved",
  "no_exposure",
  "regressed",
] as const;

export type IssueState = (typeof ISSUE_STATES)[number];

/** One line of an issue's history. Lines are only ever added, in order of time. */
export interface HistoryEntry {
  /** Epoch ms. */
  at: number;
  /** `null` on the first line. Equal to `to` where something other than the state changed. */
  from: IssueState | null;
  to: IssueState;
  /** In words, with the numbers that decided. */
  why: string;
  /** A person, or `loopsmith`. */
  who: string;
}

/** Something an issue is connected with. */
export interface IssueLink {
  kind: "trace" | "culprit" | "queue_item" | "dataset" | "experiment" | "issue" | "url";
  /** Trace id, span name, queue item id, dataset or experiment name, issue id, or address. */
  id: string;
  label?: string;
  at: number;
}

/** One run of windows over which an issue's rate is taken to be one number. */
export interface RateEpoch {
  /** Epoch ms of its first window. */
  from: number;
  /** Failing runs with the pattern, of the exposed ones. */
  failing: number;
  exposed: number;
  /** Matching runs among the exposed, passing ones included. */
  matching: number;
  /** Runs that do not match, and how many of them failed: what failing costs without the pattern. */
  others: { failing: number; total: number };
  /** What the trend is judged against. */
  reference: ReferenceRate;
}

/** The statistics behind an issue's state: plain finite numbers, safe through JSON. */
export interface IssueEvidence {
  /** ln e-process against "matching runs fail no more often than others", one entry per odds ratio betted on. */
  confirmation: number[];
  epoch: RateEpoch;
  /** The highest rate it settled at since it was confirmed or came back: what "a quarter" refers to. */
  peak: number;
  rise: EDetector;
  fall: EDetector;
  /** Watches for a return while resolved. */
  comeback: EDetector;
}

/** An issue: a pattern followed over time. Plain data; every change is a pure function to a new one. */
export interface FollowedPattern {
  /** Deterministic id of the predicates it was first seen with. */
  id: string;
  predicates: Predicate[];
  /** Predicates of issues merged into this one; their patterns count as this one. */
  aliases: Predicate[][];
  /** The newest sentence the miner gave it. */
  sentence: string;
  state: IssueState;
  /** Epoch ms at which what the state says began, as far as the data tell; at most `decidedAt`. */
  since: number;
  /** Epoch ms at which the state was entered, or renewed by new evidence. */
  decidedAt: number;
  /** The state to return to when exposure returns; only while `no_exposure`. */
  before: IssueState | null;
  firstSeenAt: number;
  /** End of the newest window in which a failing run had it. */
  lastSeenAt: number;
  /** End of the newest window with an exposed run. */
  lastExposedAt: number;
  /** End of the newest window that was counted; a window is counted once. */
  observedTo: number;
  resolvedAt: number | null;
  /** When a candidate was given up because it did not show again. */
  dismissedAt: number | null;
  assignee: string | null;
  note: string;
  /** Events of a muted issue carry `muted: true`; it is followed as before. `until` `null` is for good. */
  muted: { until: number | null; why: string } | null;
  /** Id of the issue that stands for this one now. */
  mergedInto: string | null;
  links: IssueLink[];
  history: HistoryEntry[];
  evidence: IssueEvidence;
}

/** What one window of fresh data says about one pattern. Windows of an issue must not overlap. */
export interface WindowObservation {
  /** Epoch ms, half-open. */
  from: number;
  to: number;
  /** Failing runs that match, and all failing runs of the window. */
  failing: number;
  failures: number;
  /** Passing runs that match, and all passing runs. */
  passing: number;
  passes: number;
  /**
   * Runs on which the pattern could have shown (`isExposed`). Differs where a predicate speaks of a symptom: after a fix no
   * retrieval scores below 0.5, but retrieval still runs. @default the matching ones
   */
  exposed?: number;
}

export type IssueEventType =
  | "pattern:new"
  | "pattern:confirmed"
  | "pattern:growing"
  | "pattern:stable"
  | "pattern:shrinking"
  | "pattern:resolved"
  | "pattern:no_exposure"
  | "pattern:exposed"
  | "pattern:regressed"
  | "pattern:dismissed"
  | "pattern:merged";

/** A change of an issue, for whoever listens. */
export interface IssueEvent {
  type: IssueEventType;
  issueId: string;
  sentence: string;
  at: number;
  from: IssueState | null;
  to: IssueState;
  why: string;
  /** e-value or e-detector value that decided; 1 where no test was involved. */
  evidence: number;
  muted: boolean;
}
