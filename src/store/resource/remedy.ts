import type { JsonObject } from "../../model/json.ts";

/** A remedy as it is kept. The state is the remedy room's own; nothing here looks into it. */
export interface RemedyRecord {
  id: string;
  loopId: string;
  /** Grows with every write. */
  version: number;
  state: JsonObject;
  /** Epoch ms. */
  changedAt: number;
}

/** What is known of a paid call. */
export interface RemedyCall {
  /** `null`: somebody set out to pay for it and has not come back. */
  result: JsonObject | null;
  /** US dollars, attempts that never came back included. */
  usd: number;
}

/** Remedies, who works on them, and what their calls came to. */
export interface RemedyRecordStore {
  remedyGet(params: { id: string }): Promise<RemedyRecord | null>;
  /** Of one loop or of all, the most recently changed first. */
  remedyList(params: { loopId?: string }): Promise<RemedyRecord[]>;
  /** Writes version `expectedVersion + 1` when that is the next (0: none is stored); `false` when somebody was faster. */
  remedyPut(params: { id: string; loopId: string; state: JsonObject; expectedVersion: number }): Promise<boolean>;
  /** Takes or prolongs the right to work on a remedy; `false` while somebody else has it. */
  remedyLease(params: { id: string; token: string; leaseMs: number }): Promise<boolean>;
  remedyRelease(params: { id: string; token: string }): Promise<void>;

  remedyCallGet(params: { remedyId: string; key: string }): Promise<RemedyCall | null>;
  /** Before paying. Again for a call that is open: it is paid again, and both count. */
  remedyCallReserve(params: { remedyId: string; key: string; maxUsd: number }): Promise<void>;
  /** After paying. */
  remedyCallSettle(params: { remedyId: string; key: string; result: JsonObject; usd: number }): Promise<void>;
  /** US dollars settled plus the greatest cost of what is open, and how many calls are open. */
  remedyCallTotals(params: { remedyId: string }): Promise<{ usd: number; open: number }>;
}
