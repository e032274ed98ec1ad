/** A stretch of a window whose bitmaps one process holds and counts. */
export interface MiningShare {
  miningId: string;
  loopId: string;
  codebookId: string;
  share: number;
  /** Epoch ms, half-open, by start of the trace. */
  from: number;
  to: number;
}

/**
 * A search over bitmaps that no single process holds. One process asks, one question at a time; each share of the window
 * is held by a process that answers under a lease, so that another one takes over the share of one that died.
 */
export interface MiningStore {
  /** Opens a search and clears away those whose asker has not been heard of. */
  miningOpen(params: {
    id: string;
    loopId: string;
    codebookId: string;
    shares: readonly { from: number; to: number }[];
    /** The search is void when its asker is not heard of for this long. */
    patienceMs: number;
  }): Promise<void>;
  /** Puts the next question; earlier answers are forgotten. Questions count from 1. */
  miningAsk(params: { id: string; asked: number; question: Uint8Array; patienceMs: number }): Promise<void>;
  /** The answers in order of the shares once all are in, else how many are missing. */
  miningCollect(params: { id: string; asked: number; patienceMs: number }): Promise<Uint8Array[] | number>;
  miningClose(params: { id: string }): Promise<void>;
  /** A share that nobody holds, of any search that is going on, or `null`. */
  miningClaim(params: { leaseToken: string; leaseMs: number }): Promise<MiningShare | null>;
  /**
   * The question a share has not answered yet, or `null` when it has to wait for the next. `"over"` when the search has
   * ended or the lease was lost. Keeps the lease.
   */
  miningNext(params: {
    miningId: string;
    share: number;
    leaseToken: string;
    leaseMs: number;
  }): Promise<{ asked: number; question: Uint8Array } | null | "over">;
  /** `false` when the lease was lost. */
  miningAnswer(params: {
    miningId: string;
    share: number;
    leaseToken: string;
    asked: number;
    answer: Uint8Array;
  }): Promise<boolean>;
}
