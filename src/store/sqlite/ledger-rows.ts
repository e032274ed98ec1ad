import { cleanText } from "../../wire/clean-text.ts";
import type { LedgerStore } from "../resource/ledger.ts";
import { toMicros, toMicrosOrNull } from "../sql/columns.ts";
import { saveCursor } from "../sql/cursor.ts";
import { ledgerNews } from "../sql/ledger-news.ts";
import type { WriteTransaction } from "../sql/database.ts";
import type { LedgerTable } from "../sql/schema-loop.ts";
import type { Connection } from "./statement-cache.ts";

/**
 * New traces enter; a settling one only moves its due time; a finished one whose head changed since starts its next
 * revision. A change takes the lease away from a worker that is judging the old content, so that its verdict falls out at
 * the fence.
 */
const ENROL = `insert into ledger
    (loop_id, trace_id, revision, state, trace_start_at, changed_at, root_end_at, due_at, attempts, updated_at, clock)
  values (?1, ?2, 1, 'settling', ?3, ?4, ?5, ?6, 0, ?7, ?8)
  on conflict (loop_id, trace_id) do update set
    revision = case when state in ('settling', 'deferred') then revision else revision + 1 end,
    state = 'settling',
    reason = null,
    attempts = case when state in ('settling', 'deferred') then attempts else 0 end,
    lease_token = null,
    lease_until = null,
    changed_at = excluded.changed_at,
    root_end_at = excluded.root_end_at,
    due_at = excluded.due_at,
    updated_at = excluded.updated_at,
    clock = excluded.clock
  where ${ledgerNews("excluded")}`;

const CLAIM = `update ledger set lease_token = ?1, lease_until = ?2, updated_at = ?3
  where loop_id = ?4 and trace_id in (
    select trace_id from ledger
    where loop_id = ?4 and state in ('settling', 'deferred') and due_at <= ?3
      and (lease_until is null or lease_until <= ?3)
    order by due_at limit ?5)
  returning *`;

const CLAIM_NAMED = `update ledger set lease_token = ?1, lease_until = ?2, updated_at = ?3
  where loop_id = ?4 and trace_id in (select value from json_each(?5)) and state in ('settling', 'deferred')
    and (lease_until is null or lease_until <= ?3)
  returning *`;

/** Returns how many rows are new or moved. */
export async function enrolHeads(
  { native, query }: WriteTransaction<Connection>,
  { loopId, heads, cursor }: Parameters<LedgerStore["ledgerEnrol"]>[0],
  now: number,
): Promise<number> {
  const statement = native.prepare(ENROL);
  let moved = 0;
  for (const head of heads) {
    const [startAt, changedAt, dueAt] = [head.startAt, head.changedAt, head.dueAt].map(toMicros);
    const rootEndAt = toMicrosOrNull(head.rootEndAt);
    const traceId = cleanText(head.traceId);
    const values = [loopId, traceId, startAt, changedAt, rootEndAt, dueAt, toMicros(now), head.clock ?? "store"];
    moved += Number(statement.run(...values).changes);
  }
  if (cursor) await saveCursor({ query }, cursor);
  return moved;
}

export function claimRows(
  { native }: WriteTransaction<Connection>,
  { loopId, limit, leaseMs, leaseToken, traceIds }: Parameters<LedgerStore["ledgerClaim"]>[0],
  now: number,
): LedgerTable[] {
  const lease = [leaseToken, toMicros(now + leaseMs), toMicros(now), loopId];
  const { rows } = traceIds
    ? native.run(CLAIM_NAMED, [...lease, JSON.stringify(traceIds.map(cleanText))])
    : native.run(CLAIM, [...lease, limit]);
  return rows as unknown as LedgerTable[];
}
