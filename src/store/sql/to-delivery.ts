import type { Action } from "../../model/action.ts";
import type { Delivery, DeliveryState } from "../../model/delivery.ts";
import { fromMicros, fromMicrosOrNull, parseObject } from "./columns.ts";
import type { DeliveryTable } from "./schema-loop.ts";

export function toDelivery(row: DeliveryTable): Delivery {
  return {
    id: row.id,
    loop: row.loop_id,
    traceId: row.trace_id,
    revision: row.revision,
    action: JSON.parse(row.action_json) as Action,
    context: parseObject(row.context_json),
    spanId: row.span_id,
    state: row.state as DeliveryState,
    attempts: row.attempts,
    createdAt: fromMicros(row.created_at),
    nextAttemptAt: fromMicros(row.next_attempt_at),
    deliveredAt: fromMicrosOrNull(row.delivered_at),
    lastError: row.last_error,
    ...(row.digest_id === null ? {} : { digestId: row.digest_id }),
    ...(row.replayed_at === null ? {} : { replayedAt: fromMicros(row.replayed_at) }),
  };
}
