import type { FeedbackWrite } from "../../model/span-write.ts";
import { cleanText } from "../../wire/clean-text.ts";
import type { VerdictRecord } from "../resource/ledger.ts";
import { keysOf, toMicros } from "../sql/columns.ts";
import type { WriteTransaction } from "../sql/database.ts";
import { REPLACED_FEEDBACK_COLUMNS, toFeedbackRow, writeFeedbackRows } from "../sql/feedback.ts";
import { SCORE_CONTEXT, toDeliveryRow, toUnlearnedRow, toVerdictRow } from "../sql/record-verdicts.ts";
import type { UnlearnedTable } from "../sql/schema-learning.ts";
import type { DeliveryTable, VerdictTable } from "../sql/schema-loop.ts";
import { toBindable, type Bindable, type Connection } from "./statement-cache.ts";

const FENCE = `update ledger set state = ?, reason = ?, lease_token = null, lease_until = null, updated_at = ?
  where loop_id = ? and trace_id = ? and revision = ? and lease_token = ?`;

const RETIRE = "update verdict set latest = 0 where loop_id = ? and trace_id = ?";
const DROP_SCORES = `delete from delivery where loop_id = ? and trace_id = ? and revision < ?
  and state = 'pending' and lease_token is null and kind = 'create_feedback' and context_json like '${SCORE_CONTEXT}'`;

const VERDICT_COLUMNS = keysOf<keyof VerdictTable>({
  id: true,
  loop_id: true,
  trace_id: true,
  revision: true,
  latest: true,
  outcome: true,
  key: true,
  score: true,
  threshold: true,
  comment: true,
  culprit_span_id: true,
  scores_json: true,
  attribution_json: true,
  features_json: true,
  cluster: true,
  trace_start_at: true,
  decided_at: true,
  usd: true,
  failed_evaluators_json: true,
  seen_scores_json: true,
});

const UNLEARNED_COLUMNS = keysOf<keyof UnlearnedTable>({
  loop_id: true,
  trace_start_at: true,
  verdict_id: true,
});

/** A new delivery is nobody's yet, no digest tells of it, and nobody asked for it again. */
const DELIVERY_COLUMNS = keysOf<
  Exclude<keyof DeliveryTable, "lease_token" | "lease_until" | "digest_id" | "replayed_at">
>({
  id: true,
  loop_id: true,
  trace_id: true,
  revision: true,
  kind: true,
  action_json: true,
  context_json: true,
  span_id: true,
  state: true,
  attempts: true,
  created_at: true,
  next_attempt_at: true,
  delivered_at: true,
  last_error: true,
});

const FEEDBACK_COLUMNS = ["id", "created_at", ...REPLACED_FEEDBACK_COLUMNS] as const;

const INSERT_VERDICT = `${insertInto("verdict", VERDICT_COLUMNS)} on conflict (id) do nothing`;
const INSERT_UNLEARNED = `${insertInto("unlearned", UNLEARNED_COLUMNS)} on conflict do nothing`;
const INSERT_DELIVERY = `${insertInto("delivery", DELIVERY_COLUMNS)} on conflict (id) do nothing`;
const UPSERT_FEEDBACK = `${insertInto("feedback", FEEDBACK_COLUMNS)} on conflict (id) do update set
  ${REPLACED_FEEDBACK_COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ")}`;

function insertInto(table: string, columns: readonly string[]): string {
  return `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`;
}

/** A record as it is stored, in plain lists: it is cloned on its way to another thread, and objects are slow to clone. */
export interface VerdictRows {
  verdictId: string;
  /** Values of the fence and of each table's columns, in their order. */
  fence: Bindable[];
  /** Whose older verdicts are no longer the latest, and whose scores need not be delivered any more. */
  retired: [loopId: string, traceId: string, revision: number] | null;
  verdict: Bindable[];
  unlearned: Bindable[] | null;
  feedback: Bindable[][];
  /** Feedback about runs that have to be looked up first. */
  incompleteFeedback: readonly FeedbackWrite[];
  deliveries: Bindable[][];
}

export function toVerdictRows(records: readonly VerdictRecord[], now: number): VerdictRows[] {
  return records.map((record): VerdictRows => {
    const { verdict, leaseToken, deliveries, feedback = [] } = record;
    const { loopId, traceId, revision } = verdict;
    const [state, reason] = verdict.outcome === "error" ? ["failed", verdict.comment] : ["decided", null];
    const isComplete = feedback.every((item) => item.traceId !== undefined && item.projectId !== undefined);
    const unlearned = toUnlearnedRow(verdict);
    return {
      verdictId: verdict.id,
      fence: [state, reason, toMicros(now), loopId, traceId, revision, leaseToken].map(toBindable),
      retired: revision > 1 ? [loopId, cleanText(traceId), revision] : null,
      verdict: valuesOf(toVerdictRow(record), VERDICT_COLUMNS),
      unlearned: unlearned && valuesOf(unlearned, UNLEARNED_COLUMNS),
      feedback: isComplete ? feedback.map((item) => valuesOf(toFeedbackRow(item, now), FEEDBACK_COLUMNS)) : [],
      incompleteFeedback: isComplete ? [] : feedback,
      deliveries: deliveries.map((delivery) => valuesOf(toDeliveryRow(delivery), DELIVERY_COLUMNS)),
    };
  });
}

function valuesOf<Row extends Record<Column, Bindable>, Column extends string>(
  row: Row,
  columns: readonly Column[],
): Bindable[] {
  return columns.map((column) => toBindable(row[column]));
}

/** Record by record, each by prepared statements: there is no round trip to save, and nothing is compiled twice. */
export async function writeVerdicts(
  { native, query }: WriteTransaction<Connection>,
  records: readonly VerdictRows[],
  now: number,
): Promise<Set<string>> {
  const recorded = new Set<string>();
  for (const record of records) {
    if (native.prepare(FENCE).run(...record.fence).changes === 0) continue;
    if (record.retired) {
      native.prepare(RETIRE).run(...record.retired.slice(0, 2));
      native.prepare(DROP_SCORES).run(...record.retired);
    }
    if (native.prepare(INSERT_VERDICT).run(...record.verdict).changes === 0) continue;
    if (record.unlearned) native.prepare(INSERT_UNLEARNED).run(...record.unlearned);
    for (const values of record.feedback) native.prepare(UPSERT_FEEDBACK).run(...values);
    if (record.incompleteFeedback.length > 0) await writeFeedbackRows(query, record.incompleteFeedback, now);
    for (const values of record.deliveries) native.prepare(INSERT_DELIVERY).run(...values);
    recorded.add(record.verdictId);
  }
  return recorded;
}
