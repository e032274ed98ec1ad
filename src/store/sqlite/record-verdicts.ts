import type { FeedbackWrite } from "../../model/span-write.ts";
import type { VerdictRecord } from "../resource/ledger.ts";
import { toMicros } from "../sql/columns.ts";
import type { WriteTransaction } from "../sql/database.ts";
import { REPLACED_FEEDBACK_COLUMNS, toFeedbackRow, writeFeedbackRows } from "../sql/feedback.ts";
import { toDeliveryRow, toUnlearnedRow, toVerdictRow } from "../sql/record-verdicts.ts";
import type { UnlearnedTable } from "../sql/schema-learning.ts";
import type { DeliveryTable, FeedbackTable, VerdictTable } from "../sql/schema.ts";
import type { Connection } from "./statement-cache.ts";

const FENCE = `update ledger set state = ?, reason = ?, lease_token = null, lease_until = null, updated_at = ?
  where loop_id = ? and trace_id = ? and revision = ? and lease_token = ?`;

const RETIRE = "update verdict set latest = 0 where loop_id = ? and trace_id = ?";

const VERDICT_COLUMNS = [
  "id",
  "loop_id",
  "trace_id",
  "revision",
  "latest",
  "outcome",
  "key",
  "score",
  "threshold",
  "comment",
  "culprit_span_id",
  "scores_json",
  "attribution_json",
  "features_json",
  "cluster",
  "trace_start_at",
  "decided_at",
  "usd",
  "failed_evaluators_json",
] as const satisfies readonly (keyof VerdictTable)[];

const UNLEARNED_COLUMNS = [
  "loop_id",
  "trace_start_at",
  "verdict_id",
] as const satisfies readonly (keyof UnlearnedTable)[];

const DELIVERY_COLUMNS = [
  "id",
  "loop_id",
  "trace_id",
  "revision",
  "kind",
  "action_json",
  "context_json",
  "span_id",
  "state",
  "attempts",
  "created_at",
  "next_attempt_at",
  "delivered_at",
  "last_error",
] as const satisfies readonly (keyof DeliveryTable)[];

const FEEDBACK_COLUMNS = ["id", "created_at", ...REPLACED_FEEDBACK_COLUMNS] as const;

const INSERT_VERDICT = `${insertInto("verdict", VERDICT_COLUMNS)} on conflict (id) do nothing`;
const INSERT_UNLEARNED = `${insertInto("unlearned", UNLEARNED_COLUMNS)} on conflict do nothing`;
const INSERT_DELIVERY = `${insertInto("delivery", DELIVERY_COLUMNS)} on conflict (id) do nothing`;
const UPSERT_FEEDBACK = `${insertInto("feedback", FEEDBACK_COLUMNS)} on conflict (id) do update set
  ${REPLACED_FEEDBACK_COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ")}`;

function insertInto(table: string, columns: readonly string[]): string {
  return `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`;
}

/** Record by record, each by prepared statements: there is no round trip to save, and nothing is compiled twice. */
export async function recordVerdicts(
  { native, query }: WriteTransaction<Connection>,
  records: readonly VerdictRecord[],
  now: number,
): Promise<Set<string>> {
  const recorded = new Set<string>();
  for (const { verdict, leaseToken, deliveries, feedback = [] } of records) {
    const { loopId, traceId, revision } = verdict;
    const failed = verdict.outcome === "error";
    const fenced = native
      .prepare(FENCE)
      .run(
        failed ? "failed" : "decided",
        failed ? verdict.comment : null,
        toMicros(now),
        loopId,
        traceId,
        revision,
        leaseToken,
      );
    if (fenced.changes === 0) continue;
    if (revision > 1) native.prepare(RETIRE).run(loopId, traceId);
    const row = toVerdictRow(verdict);
    const inserted = native.prepare(INSERT_VERDICT).run(...VERDICT_COLUMNS.map((column) => row[column]));
    if (inserted.changes === 0) continue;
    const unlearned = toUnlearnedRow(verdict);
    if (unlearned) native.prepare(INSERT_UNLEARNED).run(...UNLEARNED_COLUMNS.map((column) => unlearned[column]));
    if (feedback.every(isComplete)) for (const item of feedback) upsertFeedback(native, toFeedbackRow(item, now));
    else await writeFeedbackRows(query, feedback, now);
    for (const delivery of deliveries) {
      const values = toDeliveryRow(delivery);
      native.prepare(INSERT_DELIVERY).run(...DELIVERY_COLUMNS.map((column) => values[column]));
    }
    recorded.add(verdict.id);
  }
  return recorded;
}

function upsertFeedback(native: Connection, row: FeedbackTable): void {
  native.prepare(UPSERT_FEEDBACK).run(...FEEDBACK_COLUMNS.map((column) => row[column]));
}

/** Whether nothing about the run has to be looked up. */
function isComplete({ traceId, projectId }: FeedbackWrite): boolean {
  return traceId !== undefined && projectId !== undefined;
}
