import type { WebhookAction } from "../model/action.ts";
import type { Delivery } from "../model/delivery.ts";
import { LoopsmithError } from "../model/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { excerptOf } from "./plain-text.ts";

const DEFAULT_EVENT_TYPE = "failure.detected";

/** Standard Webhooks recommends bodies below 20 kB: ids, reasons and a link, no payloads. */
const MAX_WEBHOOK_BYTES = 20_000;

/** Short enough for every text of a context beside the action's own data, and long enough for ids. */
const MAX_TEXT = 100;

/**
 * The body of a webhook, the same on every attempt: `{ type, timestamp, data }`, where `timestamp` is when the failure
 * was found and `data` is the failure's context, the delivery's id and span, and the action's own `data` on top. Of a context
 * that would make it too large the evidence is left out, and then its texts are cut.
 * @throws LoopsmithError `invalid` when the action's own data makes it over 20 kB
 */
export function webhookBody(delivery: Delivery, action: WebhookAction): string {
  let bytes = 0;
  for (const shorten of [whole, withoutEvidence, cutTexts]) {
    const body = JSON.stringify({
      type: action.type ?? DEFAULT_EVENT_TYPE,
      timestamp: new Date(delivery.createdAt).toISOString(),
      data: { delivery_id: delivery.id, span_id: delivery.spanId, ...shorten(delivery.context), ...action.data },
    });
    bytes = Buffer.byteLength(body);
    if (bytes < MAX_WEBHOOK_BYTES) return body;
  }
  throw new LoopsmithError("invalid", `The webhook's body has ${bytes} bytes; the limit is ${MAX_WEBHOOK_BYTES}.`, {
    hint: "Send ids and a link in `data`; the receiver can fetch the trace by its id.",
  });
}

function whole(context: JsonObject): JsonObject {
  return context;
}

function withoutEvidence(context: JsonObject): JsonObject {
  return isJsonObject(context.culprit) ? { ...context, culprit: { ...context.culprit, evidence: [] } } : context;
}

function cutTexts(context: JsonObject): JsonObject {
  const cut = (value: Json | undefined): Json | undefined => {
    if (typeof value === "string") return excerptOf(value, MAX_TEXT);
    return isJsonObject(value) ? cutTexts(value) : value;
  };
  return Object.fromEntries(Object.entries(withoutEvidence(context)).map(([name, value]) => [name, cut(value)]));
}
