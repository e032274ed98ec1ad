import { sql, type RawBuilder } from "kysely";
import type { VerdictRecord } from "../resource/ledger.ts";
import { chunksOf, toMicros } from "../sql/columns.ts";
import type { WriteTransaction } from "../sql/database.ts";
import { writeFeedbackRows } from "../sql/feedback.ts";
import { insertDeliveries, toUnlearnedRow, toVerdictRow } from "../sql/record-verdicts.ts";
import type { PostgresNative } from "./open-postgres.ts";

const ROWS_PER_STATEMENT = 500;

/** All records by a handful of statements: on PostgreSQL the round trips are what costs. */
export async function recordVerdicts(
  transaction: WriteTransaction<PostgresNative>,
  records: readonly VerdictRecord[],
  now: number,
): Promise<Set<string>> {
  const recorded = new Set<string>();
  for (const chunk of chunksOf(records, ROWS_PER_STATEMENT)) {
    for (const id of await recordChunk(transaction, chunk, now)) recorded.add(id);
  }
  return recorded;
}

async function recordChunk(
  { query, native }: WriteTransaction<PostgresNative>,
  records: readonly VerdictRecord[],
  now: number,
): Promise<string[]> {
  const verdicts = records.map((record) => record.verdict);
  const texts = (values: (string | null)[]): RawBuilder<unknown> => sql`${values}::text[]`;
  // Locked in the order of the trace ids, as enrolling does, so that the two never wait for each other in a circle.
  const { rows: fenced } = await sql<{ loop_id: string; trace_id: string; revision: number }>`
    with sent as (
      select * from unnest(
        ${texts(verdicts.map((verdict) => verdict.loopId))},
        ${texts(verdicts.map((verdict) => verdict.traceId))},
        ${verdicts.map((verdict) => verdict.revision)}::bigint[],
        ${texts(records.map((record) => record.leaseToken))},
        ${texts(verdicts.map((verdict) => (verdict.outcome === "error" ? "failed" : "decided")))},
        ${texts(verdicts.map((verdict) => (verdict.outcome === "error" ? verdict.comment : null)))}
      ) as sent (loop_id, trace_id, revision, lease_token, state, reason)
    ), held as (
      select ledger.loop_id, ledger.trace_id, sent.state, sent.reason
      from ledger join sent on ledger.loop_id = sent.loop_id and ledger.trace_id = sent.trace_id
        and ledger.revision = sent.revision and ledger.lease_token = sent.lease_token
      order by ledger.trace_id for update of ledger
    )
    update ledger set state = held.state, reason = held.reason, lease_token = null, lease_until = null,
      updated_at = ${toMicros(now)}::bigint
    from held where ledger.loop_id = held.loop_id and ledger.trace_id = held.trace_id
    returning ledger.loop_id, ledger.trace_id, ledger.revision`.execute(native);
  const held = new Set(fenced.map((row) => keyOf(row.loop_id, row.trace_id, row.revision)));
  const mine = records.filter(({ verdict }) => held.has(keyOf(verdict.loopId, verdict.traceId, verdict.revision)));
  if (mine.length === 0) return [];
  for (const { verdict } of mine) {
    if (verdict.revision === 1) continue;
    await query
      .updateTable("verdict")
      .set({ latest: 0 })
      .where("loop_id", "=", verdict.loopId)
      .where("trace_id", "=", verdict.traceId)
      .execute();
  }
  const inserted = await query
    .insertInto("verdict")
    .values(mine.map(({ verdict }) => toVerdictRow(verdict)))
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .execute();
  const ids = new Set(inserted.map((row) => row.id));
  const news = mine.filter(({ verdict }) => ids.has(verdict.id));
  const unlearned = news.map(({ verdict }) => toUnlearnedRow(verdict)).filter((row) => row !== null);
  if (unlearned.length > 0) await query.insertInto("unlearned").values(unlearned).execute();
  await writeFeedbackRows(
    query,
    news.flatMap(({ feedback = [] }) => feedback),
    now,
  );
  await insertDeliveries(
    query,
    news.flatMap(({ deliveries }) => deliveries),
  );
  return [...ids];
}

function keyOf(loopId: string, traceId: string, revision: number): string {
  return `${loopId} ${traceId} ${revision}`;
}
