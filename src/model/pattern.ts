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
