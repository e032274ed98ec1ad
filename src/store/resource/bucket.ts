import type { JsonObject } from "../../model/json.ts";
import type { FeatureRow } from "../../model/pattern.ts";
import type { VerdictOutcome } from "../../model/verdict.ts";

/** A verdict as far as buckets and miners are concerned. */
export interface LearnableVerdict {
  id: string;
  revision: number;
  /** Whether no later revision has been judged. */
  latest: boolean;
  outcome: VerdictOutcome;
  row: FeatureRow;
}

/** The vocabulary a loop's buckets are written in. */
export interface CodebookRow {
  id: string;
  document: JsonObject;
  /** Runs it was made from. */
  rows: number;
  createdAt: number;
}

/** Runs of one hour as bitmaps, all of the hour or some of it. */
export interface BucketPart {
  /** Epoch ms of the hour's start. */
  hour: number;
  /** Grows within an hour and is never used twice: who knows a part need not read it again. */
  part: number;
  codebookId: string;
  rows: number;
}

export interface BucketWrite {
  hour: number;
  codebookId: string;
  rows: number;
  bytes: Uint8Array;
  /** Stands for all parts the hour has; otherwise it is one more. */
  replaces: boolean;
}

/** What one round of learning did to the buckets. */
export interface BucketChanges {
  /** A new codebook, the loop's own from now on. */
  codebook?: CodebookRow;
  writes: readonly BucketWrite[];
  /** Verdicts that are in their buckets now. */
  learned: readonly LearnableVerdict[];
}

/** Buckets are written by `learningRecord`, so that what is counted and what is learned agree. */
export interface BucketStore {
  /** Verdicts that no bucket knows of, the oldest traces first, revisions of one trace in order. */
  verdictUnlearned(params: { loopId: string; from?: number; to?: number; limit: number }): Promise<LearnableVerdict[]>;
  /**
   * The latest pass or fail of every trace that started in a stretch of time, the oldest first; with `learned` only what
   * buckets know of. `after` is the last one of the page before.
   */
  verdictLearnable(params: {
    loopId: string;
    from: number;
    to: number;
    learned?: boolean;
    after?: LearnableVerdict;
    limit: number;
  }): Promise<LearnableVerdict[]>;
  /** The latest passes and fails of the traces that started last, the newest first. */
  verdictNewest(params: { loopId: string; limit: number }): Promise<LearnableVerdict[]>;
  /** When earlier revisions of these traces say that they started. */
  verdictEarlierStarts(params: { loopId: string; traceIds: readonly string[] }): Promise<number[]>;
  /** The loop's own codebook. */
  codebookGet(params: { loopId: string }): Promise<CodebookRow | null>;
  /** Parts of the hours that begin in a stretch of time, in order, without their bytes. */
  bucketList(params: { loopId: string; from: number; to: number }): Promise<BucketPart[]>;
  /** The same with their bytes, of one hour. */
  bucketRead(params: { loopId: string; hour: number }): Promise<(BucketPart & { bytes: Uint8Array })[]>;
  /** Drops hours that begin before `before`. Returns how many parts went. */
  bucketDelete(params: { loopId: string; before: number }): Promise<number>;
}
