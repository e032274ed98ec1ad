import { sql } from "kysely";
import { chunksOf, toMicros, toMicrosOrNull } from "../sql/columns.ts";
import { saveCursor } from "../sql/cursor.ts";
import { ledgerNews } from "../sql/ledger-news.ts";
import type { LedgerStatements } from "../sql/ledger.ts";
import type { LedgerTable } from "../sql/schema-loop.ts";
import { WITHOUT_WAITING, type PostgresNative } from "./open-postgres.ts";
import { recordVerdicts } from "./record-verdicts.ts";

const ROWS_PER_STATEMENT = 1_000;

export const ledgerStatements: LedgerStatements<PostgresNative> = {
  /**
   * The rules are those of the SQLite statement of the same name. What changes nothing stays out of the insert, which would
   * lock it all the same: workers that sweep over one another would wait for each other and for every claim. Sorted, so
   * that two sweeps never lock in a circle.
   */
  enrol(db, { loopId, heads, cursor }) {
    return db.write(async ({ native, query }) => {
      const latest = new Map(heads.map((head) => [head.traceId, head]));
      let moved = 0;
      for (const chunk of chunksOf([...latest.values()], ROWS_PER_STATEMENT)) {
        const result = await sql`
          insert into ledger
            (loop_id, trace_id, revision, state, trace_start_at, changed_at, root_end_at, due_at, attempts, updated_at, clock)
          select ${loopId}, sent.trace_id, 1, 'settling', sent.start_at, sent.changed_at, sent.root_end_at, sent.due_at, 0,
            ${toMicros(db.now())}::bigint, sent.clock
          from unnest(
            ${chunk.map((head) => head.traceId)}::text[],
            ${chunk.map((head) => toMicros(head.startAt))}::bigint[],
            ${chunk.map((head) => toMicros(head.changedAt))}::bigint[],
            ${chunk.map((head) => toMicrosOrNull(head.rootEndAt))}::bigint[],
            ${chunk.map((head) => toMicros(head.dueAt))}::bigint[],
            ${chunk.map((head) => head.clock ?? "store")}::text[]
          ) as sent (trace_id, start_at, changed_at, root_end_at, due_at, clock)
          left join ledger on ledger.loop_id = ${loopId} and ledger.trace_id = sent.trace_id
          where ledger.trace_id is null or ${sql.raw(ledgerNews("sent"))}
          order by sent.trace_id collate "C"
          on conflict (loop_id, trace_id) do update set
            revision = case when ledger.state in ('settling', 'deferred') then ledger.revision else ledger.revision + 1 end,
            state = 'settling',
            reason = null,
            attempts = case when ledger.state in ('settling', 'deferred') then ledger.attempts else 0 end,
            lease_token = null,
            lease_until = null,
            changed_at = excluded.changed_at,
            root_end_at = excluded.root_end_at,
            due_at = excluded.due_at,
            updated_at = excluded.updated_at,
            clock = excluded.clock
          where ${sql.raw(ledgerNews("excluded"))}`.execute(native);
        moved += Number(result.numAffectedRows ?? 0n);
      }
      if (cursor) await saveCursor({ query }, cursor);
      return moved;
    });
  },

  /** SKIP LOCKED: a claim never waits for another worker's. */
  claim(db, { loopId, limit, leaseMs, leaseToken, traceIds }) {
    return db.lease(async ({ native }) => {
      const now = toMicros(db.now());
      const due = traceIds ? sql`trace_id = any(${[...traceIds]}::text[])` : sql`due_at <= ${now}::bigint`;
      const { rows } = await sql<LedgerTable>`
        with due as (
          select loop_id, trace_id from ledger
          where ${WITHOUT_WAITING} and loop_id = ${loopId} and state in ('settling', 'deferred') and ${due}
            and (lease_until is null or lease_until <= ${now}::bigint)
          order by due_at limit ${traceIds ? traceIds.length : limit} for update skip locked
        )
        update ledger set lease_token = ${leaseToken}, lease_until = ${toMicros(db.now() + leaseMs)}::bigint, updated_at = ${now}::bigint
        from due where ledger.loop_id = due.loop_id and ledger.trace_id = due.trace_id
        returning ledger.*`.execute(native);
      return rows;
    });
  },

  record: (db, records) => db.write((transaction) => recordVerdicts(transaction, records, db.now())),
};
