import { sql } from "kysely";
import type { LedgerClaim, LedgerRow, LedgerState, LedgerStore, VerdictRecord } from "../resource/ledger.ts";
import { fromMicros, fromMicrosOrNull, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import { loopStore } from "./loop.ts";
import type { LedgerTable } from "./schema-loop.ts";
import { seenScoresStore } from "./seen-scores.ts";

/** The statements each database tunes for itself. */
export interface LedgerStatements<Native> {
  enrol(db: Database<Native>, params: Parameters<LedgerStore["ledgerEnrol"]>[0]): Promise<number>;
  claim(db: Database<Native>, params: Parameters<LedgerStore["ledgerClaim"]>[0]): Promise<LedgerTable[]>;
  /**
   * The one transaction in which a decision becomes true: the ledger row is marked, the verdict written, its scores written
   * back and its deliveries queued, or none of it. The fence comes first: whoever lost the lease changes nothing.
   */
  record(db: Database<Native>, records: readonly VerdictRecord[]): Promise<Set<string>>;
}

export function ledgerStore<Native>(db: Database<Native>, statements: LedgerStatements<Native>): LedgerStore {
  return {
    ...loopStore(db),

    ledgerEnrol: (params) =>
      params.heads.length === 0 && !params.cursor ? Promise.resolve(0) : statements.enrol(db, params),

    async ledgerOpen({ loopId, limit }) {
      const rows = await db.read
        .selectFrom("ledger")
        .select("trace_id")
        .where("loop_id", "=", loopId)
        .where("state", "=", "settling")
        .where("root_end_at", "is", null)
        .orderBy("updated_at")
        .limit(limit)
        .execute();
      return rows.map((row) => row.trace_id);
    },

    async ledgerClaim(params) {
      const rows = await statements.claim(db, params);
      return rows.map((row): LedgerClaim => ({ ...toLedger(row), leaseToken: params.leaseToken }));
    },

    ledgerRelease(params) {
      return db.write(async ({ query }) => {
        const result = await query
          .updateTable("ledger")
          .set((eb) => ({
            state: params.state,
            reason: params.reason,
            due_at: toMicros(params.dueAt),
            attempts: eb("attempts", "+", params.attempted ? 1 : 0),
            lease_token: null,
            lease_until: null,
            updated_at: toMicros(db.now()),
          }))
          .where("loop_id", "=", params.loopId)
          .where("trace_id", "=", params.traceId)
          .where("lease_token", "=", params.leaseToken)
          .executeTakeFirst();
        return result.numUpdatedRows > 0n;
      });
    },

    ledgerRenew({ loopId, traceIds, leaseToken, leaseMs }) {
      if (traceIds.length === 0) return Promise.resolve(0);
      return db.write(async ({ query }) => {
        const result = await query
          .updateTable("ledger")
          .set({ lease_until: toMicros(db.now() + leaseMs) })
          .where("loop_id", "=", loopId)
          .where("trace_id", "in", [...traceIds])
          .where("lease_token", "=", leaseToken)
          .executeTakeFirst();
        return Number(result.numUpdatedRows);
      });
    },

    verdictRecord: ({ records }) =>
      records.length === 0 ? Promise.resolve(new Set()) : statements.record(db, records),

    ...seenScoresStore(db),

    async ledgerGet({ loopId, traceId }) {
      const row = await db.read
        .selectFrom("ledger")
        .selectAll()
        .where("loop_id", "=", loopId)
        .where("trace_id", "=", traceId)
        .executeTakeFirst();
      return row ? toLedger(row) : null;
    },

    async ledgerCounts({ loopId }) {
      const now = toMicros(db.now());
      const rows = await db.read
        .selectFrom("ledger")
        .select(({ fn }) => ["state" as const, fn.countAll<number>().as("count")])
        .where("loop_id", "=", loopId)
        .groupBy("state")
        .execute();
      const byState: Record<LedgerState, number> = { settling: 0, decided: 0, skipped: 0, deferred: 0, failed: 0 };
      for (const row of rows) byState[row.state as LedgerState] = Number(row.count);
      const due = await db.read
        .selectFrom("ledger")
        .select(({ fn }) => [
          fn.min<number | null>("due_at").as("next"),
          sql<number>`coalesce(sum(case when due_at <= ${now} then 1 else 0 end), 0)`.as("waiting"),
        ])
        .where("loop_id", "=", loopId)
        .where("state", "in", ["settling", "deferred"])
        .executeTakeFirstOrThrow();
      const next = due.next === null ? null : fromMicros(Number(due.next));
      const waiting = Number(due.waiting);
      return { byState, waiting, oldestDueAt: waiting > 0 ? next : null, nextDueAt: next };
    },

    async ledgerReasons({ loopId, states, limit }) {
      const rows = await db.read
        .selectFrom("ledger")
        .select(({ fn }) => ["state" as const, "reason" as const, fn.countAll<number>().as("count")])
        .where("loop_id", "=", loopId)
        .where("state", "in", [...states])
        .where("reason", "is not", null)
        .groupBy(["state", "reason"])
        .orderBy("count", "desc")
        .orderBy("reason")
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        state: row.state as LedgerState,
        reason: row.reason ?? "",
        count: Number(row.count),
      }));
    },

    async leaseNextEnd({ loopId }) {
      const ledger = await db.read
        .selectFrom("ledger")
        .select(({ fn }) => fn.min<number | null>("lease_until").as("until"))
        .where("loop_id", "=", loopId)
        .where("state", "in", ["settling", "deferred"])
        .where("lease_token", "is not", null)
        .executeTakeFirstOrThrow();
      const delivery = await db.read
        .selectFrom("delivery")
        .select(({ fn }) => fn.min<number | null>("lease_until").as("until"))
        .where("loop_id", "=", loopId)
        .where("state", "=", "pending")
        .where("lease_token", "is not", null)
        .executeTakeFirstOrThrow();
      const ends = [ledger.until, delivery.until].filter((until) => until !== null).map(Number);
      return ends.length === 0 ? null : fromMicros(Math.min(...ends));
    },

    async ledgerNextDue({ loopId }) {
      const row = await db.read
        .selectFrom("ledger")
        .select("due_at")
        .where("loop_id", "=", loopId)
        .where("state", "in", ["settling", "deferred"])
        .where("lease_token", "is", null)
        .orderBy("due_at")
        .limit(1)
        .executeTakeFirst();
      return row ? fromMicros(row.due_at) : null;
    },
  };
}

function toLedger(row: LedgerTable): LedgerRow {
  return {
    loopId: row.loop_id,
    traceId: row.trace_id,
    revision: row.revision,
    state: row.state as LedgerState,
    reason: row.reason,
    traceStartAt: fromMicros(row.trace_start_at),
    changedAt: fromMicros(row.changed_at),
    clock: row.clock as LedgerRow["clock"],
    rootEndAt: fromMicrosOrNull(row.root_end_at),
    dueAt: fromMicros(row.due_at),
    attempts: row.attempts,
    leaseUntil: fromMicrosOrNull(row.lease_until),
    updatedAt: fromMicros(row.updated_at),
  };
}
