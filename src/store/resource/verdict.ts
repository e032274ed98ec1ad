import type { Verdict, VerdictOutcome } from "../../model/verdict.ts";

/** Reads what `verdictRecord` of the ledger wrote. */
export interface VerdictStore {
  /** The latest verdict of each trace, newest trace first. */
  verdictList(params: {
    loopId: string;
    from?: number;
    to?: number;
    outcomes?: readonly VerdictOutcome[];
    traceIds?: readonly string[];
    limit: number;
    offset?: number;
  }): Promise<Verdict[]>;
  verdictCounts(params: {
    loopId: string;
    from?: number;
    to?: number;
  }): Promise<Record<VerdictOutcome, number> & { culprits: number }>;

  /** Verdicts made in a stretch of time, first revisions and later ones alike, and what their evaluators reported to cost, and how often each failed. */
  verdictTally(params: {
    loopId: string;
    decidedFrom: number;
    decidedTo: number;
  }): Promise<Record<VerdictOutcome, number> & { usd: number; failedCalls: Record<string, number> }>;
  /**
   * How the window's passes and failures that name a cluster sit in clusters: with N runs and F failures of a cluster, the sums
   * of N^2, F N and F^2 over all of them.
   */
  verdictClusters(params: { loopId: string; from: number; to: number }): Promise<{
    clusters: number;
    runs: number;
    failures: number;
    sizeSquared: number;
    failingSize: number;
    failingSquared: number;
  }>;
}
