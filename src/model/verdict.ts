import type { Attribution } from "./failure.ts";
import type { FeatureValue } from "./pattern.ts";
import type { Score } from "./score.ts";

/**
 * - `pass` / `fail`: every thresholded score is at or above its mark / at least one is below
 * - `unscored`: no evaluator gave a thresholded score
 * - `error`: evaluators failed until their attempts were used up
 */
export type VerdictOutcome = "pass" | "fail" | "unscored" | "error";

/** What a loop decided on one trace revision. Recorded once, together with its deliveries. */
export interface Verdict {
  /** uuid v5 of loop, trace and revision. */
  id: string;
  loopId: string;
  traceId: string;
  revision: number;
  outcome: VerdictOutcome;
  /** The failing key, score and mark; `null` unless `fail`. */
  key: string | null;
  score: number | null;
  threshold: number | null;
  comment: string | null;
  scores: Score[];
  /** Names of the evaluators that threw, hung or answered rubbish, each once; absent for none. */
  failedEvaluators?: string[];
  /** `null` unless `fail`. */
  attribution: Attribution | null;
  /** What the miner sees of the trace. */
  features: Record<string, FeatureValue>;
  /** Groups runs that are not independent. */
  cluster: string | null;
  /** Epoch ms, by the trace's own clock. */
  traceStartAt: number;
  /** Epoch ms, by the store's clock. */
  decidedAt: number;
}
