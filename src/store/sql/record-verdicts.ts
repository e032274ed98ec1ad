import type { Kysely } from "kysely";
import type { Delivery } from "../../model/delivery.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { VerdictRecord } from "../resource/ledger.ts";
import { toMicros, toMicrosOrNull } from "./columns.ts";
import { writeFeedbackRows } from "./feedback.ts";
import type { DeliveryTable, Schema, VerdictTable } from "./schema.ts";

/**
 * The one transaction in which a decision becomes true: the ledger row is marked, the verdict written, its scores written
 * back and its deliveries queued, or none of it. The fence is the first statement: whoever lost the lease changes nothing.
 */
export async function recordVerdicts(
  query: Kysely<Schema>,
  records: readonly VerdictRecord[],
  now: number,
): Promise<Set<string>> {
  const recorded = new Set<string>();
  for (const { verdict, leaseToken, deliveries, feedback } of records) {
    const fenced = await query
      .updateTable("ledger")
      .set({
        state: verdict.outcome === "error" ? "failed" : "decided",
        reason: verdict.outcome === "error" ? verdict.comment : null,
        lease_token: null,
        lease_until: null,
        updated_at: toMicros(now),
      })
      .where("loop_id", "=", verdict.loopId)
      .where("trace_id", "=", verdict.traceId)
      .where("revision", "=", verdict.revision)
      .where("lease_token", "=", leaseToken)
      .executeTakeFirst();
    if (fenced.numUpdatedRows === 0n) continue;
    if (verdict.revision > 1) {
      await query
        .updateTable("verdict")
        .set({ latest: 0 })
        .where("loop_id", "=", verdict.loopId)
        .where("trace_id", "=", verdict.traceId)
        .execute();
    }
    const inserted = await query
      .insertInto("verdict")
      .values(toVerdictRow(verdict))
      .onConflict((conflict) => conflict.column("id").doNothing())
      .executeTakeFirst();
    if (inserted.numInsertedOrUpdatedRows === 0n) continue;
    if (feedback && feedback.length > 0) await writeFeedbackRows(query, feedback, now);
    await insertDeliveries(query, deliveries);
    recorded.add(verdict.id);
  }
  return recorded;
}

/** A delivery that is there already keeps its state: the same id is the same delivery. */
export async function insertDeliveries(query: Kysely<Schema>, deliveries: readonly Delivery[]): Promise<void> {
  for (const delivery of deliveries) {
    await query
      .insertInto("delivery")
      .values(toDeliveryRow(delivery))
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
  }
}

function toVerdictRow(verdict: Verdict): VerdictTable {
  return {
    id: verdict.id,
    loop_id: verdict.loopId,
    trace_id: verdict.traceId,
    revision: verdict.revision,
    latest: 1,
    outcome: verdict.outcome,
    key: verdict.key,
    score: verdict.score,
    threshold: verdict.threshold,
    comment: verdict.comment,
    culprit_span_id: verdict.attribution?.culprit?.spanId ?? null,
    scores_json: JSON.stringify(verdict.scores),
    attribution_json: verdict.attribution === null ? null : JSON.stringify(verdict.attribution),
    features_json: JSON.stringify(verdict.features),
    cluster: verdict.cluster,
    trace_start_at: toMicros(verdict.traceStartAt),
    decided_at: toMicros(verdict.decidedAt),
    usd: verdict.scores.reduce((sum, score) => sum + (score.cost?.usd ?? 0), 0),
  };
}

function toDeliveryRow(delivery: Delivery): DeliveryTable {
  return {
    id: delivery.id,
    loop_id: delivery.loop,
    trace_id: delivery.traceId,
    revision: delivery.revision,
    kind: delivery.action.action,
    action_json: JSON.stringify(delivery.action),
    context_json: JSON.stringify(delivery.context),
    span_id: delivery.spanId,
    state: delivery.state,
    attempts: delivery.attempts,
    created_at: toMicros(delivery.createdAt),
    next_attempt_at: toMicros(delivery.nextAttemptAt),
    delivered_at: toMicrosOrNull(delivery.deliveredAt),
    last_error: delivery.lastError,
    lease_token: null,
    lease_until: null,
  };
}
