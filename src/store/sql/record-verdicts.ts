import type { Kysely } from "kysely";
import type { Delivery } from "../../model/delivery.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { VerdictRecord } from "../resource/ledger.ts";
import { chunksOf, toMicros, toMicrosOrNull } from "./columns.ts";
import type { UnlearnedTable } from "./schema-learning.ts";
import type { Schema } from "./schema.ts";
import type { DeliveryTable, VerdictTable } from "./schema-loop.ts";

const DELIVERIES_PER_STATEMENT = 100;

/**
 * What the context of a score on its way to a foreign platform holds, for `like`; quotes in a text are escaped, so no text of a
 * trace reads like this key. One that still waits when its trace is judged
 * again is dropped: the newer one writes the same feedback, and a late retry of the older would put the old score back.
 */
export const SCORE_CONTEXT = '%"feedback_id":%';

/** A delivery that is there already keeps its state: the same id is the same delivery. */
export async function insertDeliveries(query: Kysely<Schema>, deliveries: readonly Delivery[]): Promise<void> {
  for (const chunk of chunksOf(deliveries, DELIVERIES_PER_STATEMENT)) {
    await query
      .insertInto("delivery")
      .values(chunk.map(toDeliveryRow))
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
  }
}

/** The verdict as its newest revision is stored. */
export function toVerdictRow({ verdict, seenScores }: Pick<VerdictRecord, "verdict" | "seenScores">): VerdictTable {
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
    failed_evaluators_json: verdict.failedEvaluators ? JSON.stringify(verdict.failedEvaluators) : null,
    seen_scores_json: seenScores ? JSON.stringify(seenScores) : null,
    usd: verdict.scores.reduce((sum, score) => sum + (score.cost?.usd ?? 0), 0),
  };
}

/** The mark of a verdict that buckets have yet to take in, or `null` for one that says nothing and replaces nothing. */
export function toUnlearnedRow(verdict: Verdict): UnlearnedTable | null {
  const { id, loopId, revision, outcome, features, traceStartAt } = verdict;
  // A conversation's verdict: it is not about a trace.
  if (Object.keys(features).length === 0) return null;
  if (revision === 1 && outcome !== "pass" && outcome !== "fail") return null;
  return { loop_id: loopId, trace_start_at: toMicros(traceStartAt), verdict_id: id };
}

/** The delivery as it is stored before anybody holds it. */
export function toDeliveryRow(delivery: Delivery): DeliveryTable {
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
    digest_id: delivery.digestId ?? null,
    replayed_at: toMicrosOrNull(delivery.replayedAt ?? null),
  };
}
