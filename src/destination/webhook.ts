import { Webhook } from "standardwebhooks";
import type { WebhookAction } from "../model/action.ts";
import type { Delivery } from "../model/delivery.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { DeliveryContext, Destination } from "./destination.ts";
import { attempted, outcomeOfAnswer } from "./http-outcome.ts";
import { resolveHeaders, resolveSecrets } from "./secret.ts";
import { createSend, type HttpOptions } from "./send.ts";
import { webhookBody } from "./webhook-body.ts";

/** Waiting longer for the body of an answer whose status is known would only hold up other deliveries. */
const BODY_TIMEOUT_MS = 1_000;

/**
 * Carries out `webhook` actions by the Standard Webhooks 1.0.0 specification: `webhook-id` is the delivery's id on
 * every attempt, `webhook-timestamp` the time of the attempt, `webhook-signature` one `v1` signature for each secret.
 * Without a secret the request goes out unsigned.
 */
export function webhookDestination(options: HttpOptions = {}): Destination {
  const send = createSend(options, BODY_TIMEOUT_MS);
  return {
    kind: "webhook",
    recording: false,
    async deliver(delivery, context) {
      const action = webhookActionOf(delivery);
      return attempted(context, async () => {
        const body = webhookBody(delivery, action);
        const headers = webhookHeaders(delivery, action, body, context);
        return outcomeOfAnswer(await send({ url: action.url, headers, body }, context), context.now());
      });
    },
  };
}

function webhookHeaders(
  delivery: Delivery,
  action: WebhookAction,
  body: string,
  context: DeliveryContext,
): Record<string, string> {
  const attemptAt = new Date(context.now());
  const secrets = resolveSecrets(action.secret, context.secrets);
  return {
    ...resolveHeaders(action.headers, context.secrets),
    "content-type": "application/json",
    "webhook-id": delivery.id,
    "webhook-timestamp": String(Math.floor(attemptAt.getTime() / 1000)),
    ...(secrets.length > 0 && {
      "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(delivery.id, attemptAt, body)).join(" "),
    }),
  };
}

function webhookActionOf(delivery: Delivery): WebhookAction {
  if (delivery.action.action === "webhook") return delivery.action;
  throw new LoopsmithError("internal", `The webhook destination got a "${delivery.action.action}" delivery.`, {
    hint: "Report this as a bug of Loopsmith.",
  });
}
