import type { Delivery } from "../../model/delivery.ts";
import type { JsonObject } from "../../model/json.ts";
import type { FeedbackWrite } from "../../model/span-write.ts";
import type { StandingScore } from "../../model/standing-score.ts";
import type { TraceHead } from "../../model/trace.ts";
import type { Verdict } from "../../model/verdict.ts";

export interface LoopRow {
  id: string;
  name: string;
  projectName: string;
  config: JsonObject;
  createdAt: number;
  /** Epoch ms; `null` for one that is in use. */
  retiredAt: number | null;
}

/**
 * Where a trace stands in a loop.
 * - `settling`: seen; waits until the root has ended and nothing has arrived for the settle window
 * - `decided`: a verdict is recorded
 * - `skipped`: sampled out, or filtered
 * - `deferred`: a budget said no; resumes at `dueAt`
 * - `failed`: evaluators failed until their attempts were used up (a verdict with outcome `error` is recorded)
 */
export type LedgerState = "settling" | "decided" | "skipped" | "deferred" | "failed";

export interface LedgerRow {
  loopId: string;
  traceId: string;
  revision: number;
  state: LedgerState;
  /** Why it stands where it stands, in one sentence. */
  reason: string | null;
  traceStartAt: number;
  /** The head's change time this row speaks of. */
  changedAt: number;
  /** By whose clock, see `TraceHead`; `null` when it was entered before that was recorded. */
  clock: "store" | "sender" | null;
  rootEndAt: number | null;
  dueAt: number;
  attempts: number;
  leaseUntil: number | null;
  updatedAt: number;
}

/** A row handed to one worker until `leaseUntil`; every later write must show `leaseToken`. */
export interface LedgerClaim extends LedgerRow {
  leaseToken: string;
}

/** One verdict with everything that must become true together with it. */
export interface VerdictRecord {
  verdict: Verdict;
  leaseToken: string;
  deliveries: readonly Delivery[];
  /** Scores written back as feedback in the same transaction; only where the traces live in this very store. */
  feedback?: readonly FeedbackWrite[];
  /** The scores that stood on the trace under the keys the loop reads, by span and key; only where the traces live elsewhere. */
  seenScores?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface LedgerStore {
  /** Enters a loop, or its present configuration; one that was retired is in use again. */
  loopEnsure(params: { id: string; name: string; projectName: string; config: JsonObject }): Promise<LoopRow>;
  /** The oldest first. @param params.retired also those that were retired */
  loopList(params?: { retired?: boolean }): Promise<LoopRow[]>;
  /**
   * Takes a loop out of use: its waiting traces are skipped and its pending deliveries dead, both with the reason, and nothing
   * reopens its traces. Verdicts and what was delivered stay. Returns how many there were.
   */
  loopRetire(params: { id: string; reason: string }): Promise<{ traces: number; deliveries: number }>;

  /**
   * Enters traces for judging, or moves them on: a settling one gets the later due time; a decided one whose head changed
   * since goes back to settling under a new revision. The cursor is saved in the same transaction, so that it never speaks of
   * rows that are not there. Returns how many rows are new or moved.
   */
  ledgerEnrol(params: {
    loopId: string;
    heads: readonly (TraceHead & { dueAt: number })[];
    cursor?: { name: string; value: JsonObject };
  }): Promise<number>;
  /** Traces whose root has not ended yet, the longest unheard of first. */
  ledgerOpen(params: { loopId: string; limit: number }): Promise<string[]>;
  /** Hands out due rows whose lease is free, oldest due first. A claim need not survive a power cut. */
  ledgerClaim(params: {
    loopId: string;
    limit: number;
    leaseMs: number;
    leaseToken: string;
    /** Claim only these, due or not (backfill of chosen traces, tests). */
    traceIds?: readonly string[];
  }): Promise<LedgerClaim[]>;
  /** Keeps claimed rows for `leaseMs` more; those whose lease was lost are left alone. Returns how many were kept. */
  ledgerRenew(params: {
    loopId: string;
    traceIds: readonly string[];
    leaseToken: string;
    leaseMs: number;
  }): Promise<number>;
  /** Gives a claimed row back: retried at `dueAt`, or parked for good as skipped. No-op when the lease was lost. */
  ledgerRelease(params: {
    loopId: string;
    traceId: string;
    leaseToken: string;
    state: LedgerState;
    reason: string;
    dueAt: number;
    /** Whether this counts as an attempt. */
    attempted: boolean;
  }): Promise<boolean>;
  /**
   * Records verdicts, their feedback and their deliveries in one transaction and marks the rows decided. A record whose
   * lease was lost, or whose revision already has a verdict, is left out; returns the verdict ids that were recorded.
   */
  verdictRecord(params: { records: readonly VerdictRecord[] }): Promise<Set<string>>;
  /**
   * Which of these scores the newest verdict on their trace did not see. What waits to be judged is left out; `held` are those
   * of traces that somebody is judging at the moment, perhaps without them.
   */
  ledgerUnseen(params: {
    loopId: string;
    scores: readonly StandingScore[];
  }): Promise<{ unseen: StandingScore[]; held: StandingScore[] }>;
  /** Starts the next revision of these traces, due in `settleMs`, and saves a cursor in the same transaction. */
  ledgerReopen(params: {
    loopId: string;
    traceIds: readonly string[];
    settleMs: number;
    cursor?: { name: string; value: JsonObject };
  }): Promise<void>;
  ledgerGet(params: { loopId: string; traceId: string }): Promise<LedgerRow | null>;
  /** Rows by state, and the oldest due time of those that wait. */
  ledgerCounts(params: { loopId: string }): Promise<{
    byState: Record<LedgerState, number>;
    /** Due and not yet claimed or finished. */
    waiting: number;
    oldestDueAt: number | null;
    nextDueAt: number | null;
  }>;
  /** How many rows of these states give which reason, the most frequent first. */
  ledgerReasons(params: {
    loopId: string;
    states: readonly LedgerState[];
    limit: number;
  }): Promise<{ state: LedgerState; reason: string; count: number }[]>;
  /** When the first lease on a row or delivery that still waits runs out, or `null` when nobody holds one. */
  leaseNextEnd(params: { loopId: string }): Promise<number | null>;
  /** When the next unclaimed row is due, or `null`. */
  ledgerNextDue(params: { loopId: string }): Promise<number | null>;
}
