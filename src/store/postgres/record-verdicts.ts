import { sql, type RawBuilder } from "kysely";
import type { FeedbackWrite } from "../../model/span-write.ts";
import type { VerdictRecord } from "../resource/ledger.ts";
import { chunksOf, toMicros } from "../sql/columns.ts";
import type { WriteTransaction } from "../sql/database.ts";
import { REPLACED_FEEDBACK_COLUMNS, toFeedbackRow, writeFeedbackRows } from "../sql/feedback.ts";
import { insertDeliveries, SCORE_CONTEXT, toUnlearnedRow, toVerdictRow } from "../sql/record-verdicts.ts";
import type { FeedbackTable } from "../sql/schema.ts";
import type { VerdictTable } from "../sql/schema-loop.ts";
import type { UnlearnedTable } from "../sql/schema-learning.ts";
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
    await query
      .deleteFrom("delivery")
      .where("loop_id", "=", verdict.loopId)
      .where("trace_id", "=", verdict.traceId)
      .where("revision", "<", verdict.revision)
      .where("state", "=", "pending")
      .where("lease_token", "is", null)
      .where("kind", "=", "create_feedback")
      .where("context_json", "like", SCORE_CONTEXT)
      .execute();
  }
  const verdictRows = mine.map(toVerdictRow);
  const { rows: inserted } = await sql<{ id: string }>`
    ${insertInto("verdict", VERDICT_COLUMNS, verdictRows)} on conflict (id) do nothing returning id`.execute(native);
  const ids = new Set(inserted.map((row) => row.id));
  const news = mine.filter(({ verdict }) => ids.has(verdict.id));
  const unlearned = news.map(({ verdict }) => toUnlearnedRow(verdict)).filter((row) => row !== null);
  if (unlearned.length > 0) await insertInto("unlearned", UNLEARNED_COLUMNS, unlearned).execute(native);
  const feedback = news.flatMap(({ feedback: items = [] }) => items);
  if (feedback.every(isComplete)) await upsertFeedback(native, feedback, now);
  else await writeFeedbackRows(query, feedback, now);
  await insertDeliveries(
    query,
    news.flatMap(({ deliveries }) => deliveries),
  );
  return [...ids];
}

async function upsertFeedback(native: PostgresNative, feedback: readonly FeedbackWrite[], now: number): Promise<void> {
  if (feedback.length === 0) return;
  // One statement cannot touch a row twice; the last one counts.
  const rows = new Map(feedback.map((item) => [item.id, toFeedbackRow(item, now)]));
  const replaced = REPLACED_FEEDBACK_COLUMNS.map(
    (column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`,
  );
  await sql`${insertInto("feedback", FEEDBACK_COLUMNS, [...rows.values()])}
    on conflict (id) do update set ${sql.join(replaced)}`.execute(native);
}

type Columns<Row> = { [Column in keyof Row]-?: "text" | "bigint" | "double precision" };

/**
 * Rows as one array a column. As rows of parameters, a hundred verdicts would be a statement of two thousand, which take
 * longer to write, to send and to parse than the rows to insert.
 */
function insertInto<Row extends object>(table: string, types: Columns<Row>, rows: readonly Row[]): RawBuilder<unknown> {
  const columns = Object.keys(types) as (keyof Row & string)[];
  const arrays = columns.map((column) => sql`${rows.map((row) => row[column])}::${sql.raw(types[column])}[]`);
  return sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
    select * from unnest(${sql.join(arrays)})`;
}

const VERDICT_COLUMNS: Columns<VerdictTable> = {
  id: "text",
  loop_id: "text",
  trace_id: "text",
  revision: "bigint",
  latest: "bigint",
  outcome: "text",
  key: "text",
  score: "double precision",
  threshold: "double precision",
  comment: "text",
  culprit_span_id: "text",
  scores_json: "text",
  attribution_json: "text",
  features_json: "text",
  cluster: "text",
  trace_start_at: "bigint",
  decided_at: "bigint",
  usd: "double precision",
  failed_evaluators_json: "text",
  seen_scores_json: "text",
};

const UNLEARNED_COLUMNS: Columns<UnlearnedTable> = { loop_id: "text", trace_start_at: "bigint", verdict_id: "text" };

const FEEDBACK_COLUMNS: Columns<FeedbackTable> = {
  id: "text",
  run_id: "text",
  trace_id: "text",
  project_id: "text",
  key: "text",
  score: "double precision",
  value_json: "text",
  comment: "text",
  correction_json: "text",
  source_type: "text",
  source_json: "text",
  extra_json: "text",
  group_id: "text",
  comparative_experiment_id: "text",
  created_at: "bigint",
  modified_at: "bigint",
};

/** Whether nothing about the run has to be looked up. */
function isComplete({ traceId, projectId }: FeedbackWrite): boolean {
  return traceId !== undefined && projectId !== undefined;
}

function keyOf(loopId: string, traceId: string, revision: number): string {
  return `${loopId} ${traceId} ${revision}`;
}
