/** A run-level feature. `null` is "missing", a value of its own. */
export type FeatureValue = string | number | boolean | null;

/** One decided trace as the miner sees it. */
export interface FeatureRow {
  traceId: string;
  /** Epoch ms of the trace's start; decides its window. */
  at: number;
  failed: boolean;
  /** Feature name to value, e.g. `retrieval.relevance` to 0.31, `tool:search.count` to 2. */
  features: Readonly<Record<string, FeatureValue>>;
  /** Runs that are not independent (one task, session or user) share a cluster; absent means independent. */
  cluster?: string;
}

export type PredicateOperator = "=" | "<" | ">=" | "missing";

/** One condition on one feature. */
export interface Predicate {
  feature: string;
  operator: PredicateOperator;
  /** `null` only with `missing`. */
  value: FeatureValue;
}

/** A set of predicates over-represented among failures. Shares and rates run from 0 to 1. */
export interface Pattern {
  /** Stable id of the canonical predicate set. */
  id: string;
  predicates: Predicate[];
  /** `37% of failures have retrieval score < 0.5 (9% of passing runs; risk ratio 2.8, q = 0.0004)`. */
  sentence: string;
  /** Failing runs that match, and all failing runs. */
  failing: number;
  failures: number;
  /** Passing runs that match, and all passing runs. */
  passing: number;
  passes: number;
  /** failing / failures. */
  share: number;
  /** passing / passes. */
  passingShare: number;
  /** Failure rate among matching runs over the failure rate among the others. */
  riskRatio: number;
  /** 95% interval (Katz log). */
  riskRatioInterval: [number, number];
  /** One-sided Fisher exact p (cluster-aware where clusters exist). */
  p: number;
  /** Benjamini-Hochberg over everything that was enumerated. */
  q: number;
  /** Matching failing traces, a few, as exemplars. */
  exemplars: string[];
  /** Conditions every matching failing run also meets (the failing-side closure), found but not needed to select it. */
  also?: Predicate[];
  /** What was blamed in the matching failing runs, most frequent first; `share` is of those runs. */
  culprits?: { name: string; share: number }[];
  /**
   * The kinds of reasons the matching failing runs failed for, by label, most frequent first; `share` is of those runs. Failures
   * that gave no reason, or one like no other, are in none.
   */
  reasons?: { name: string; share: number }[];
  /** Variance inflation by clusters of dependent runs; absent when 1. `p`, `q` and the interval include it. */
  designEffect?: number;
  /** The risk ratio with the judge's own errors taken out, where the judge was calibrated. */
  judgeCorrected?: { riskRatio: number; riskRatioInterval: [number, number] };
}

/** The outcome of one mining run. */
export interface PatternReport {
  /** Epoch ms, half-open. */
  window: { from: number; to: number };
  failures: number;
  passes: number;
  /** Ranked, significant, non-redundant. */
  patterns: Pattern[];
  /** How many hypotheses were enumerated and paid for. */
  hypotheses: number;
  /** Share of failures matched by at least one shown pattern. */
  explained: number;
  /** What cardinality limits left out, in words. */
  dropped: string[];
}

/** Whether a run meets a condition. A feature that is absent, `null` or not finite is missing. */
export function matchesPredicate(features: FeatureRow["features"], { feature, operator, value }: Predicate): boolean {
  const actual = Object.hasOwn(features, feature) ? (features[feature] ?? null) : null;
  const missing = actual === null || (typeof actual === "number" && !Number.isFinite(actual));
  if (missing || operator === "missing") return missing && operator === "missing";
  if (operator === "=") return actual === value;
  if (typeof actual !== "number" || typeof value !== "number") return false;
  return operator === "<" ? actual < value : actual >= value;
}

/** Whether a run meets all conditions. */
export function matchesPattern(features: FeatureRow["features"], predicates: readonly Predicate[]): boolean {
  return predicates.every((predicate) => matchesPredicate(features, predicate));
}
