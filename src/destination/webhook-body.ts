import type { WebhookAction } from "../model/action.ts";
import type { Delivery } from "../model/delivery.ts";
import { LoopsmithError } from "../model/errors.ts";

const DEFAULT_EVENT_TYPE = "failure.detected";

/** Standard Webhooks recommends bodies below 20 kB: ids, reasons and a link, no payloads. */
const MAX_WEBHOOK_BYTES = 20_000;

/**
 * The body of a webhook, the same on every attempt: `{ type, timestamp, data }`, where `timestamp` is when the failure
 * was found and `data` is the failure's context, the delivery's id and span, and the action's own `data` on top.
 * @throws LoopsmithError `invalid` when it is over 20 kB
 */
export function webhookBody(delivery: Delivery, action: WebhookAction): string {
  const body = JSON.stringify({
    type: action.type ?? DEFAULT_EVENT_TYPE,
    timestamp: new Date(delivery.createdAt).toISOString(),
    data: { delivery_id: delivery.id, span_id: delivery.spanId, ...delivery.context, ...action.data },
  });
  const bytes = Buffer.byteLength(body);
  if (bytes < MAX_WEBHOOK_BYTES) return body;
  throw new LoopsmithError("invalid", `The webhook's body has ${bytes} bytes; the limit is ${MAX_WEBHOOK_BYTES}.`, {
    hint: "Send ids and a link in `data`; the receiver can fetch the trace by its id.",
  });
}
