import type { Delivery } from "../model/delivery.ts";
import type { JsonObject } from "../model/json.ts";
import { checkOptions } from "./check-options.ts";
import { credentialValue, type Credential } from "./credential.ts";
import type { Destination } from "./destination.ts";
import { failureGroup } from "./failure-group.ts";
import { attempted, outcomeOfAnswer } from "./http-outcome.ts";
import { loopName, messageOf } from "./message.ts";
import { createSend, type HttpOptions } from "./send.ts";

export type PagerDutySeverity = "critical" | "error" | "warning" | "info";

export interface PagerDutyOptions extends HttpOptions {
  /** The integration key of an Events API v2 integration. */
  routingKey: Credential;
  /** @default "error" */
  severity?: PagerDutySeverity | ((delivery: Delivery) => PagerDutySeverity);
  /** What is affected. @default the loop's name */
  source?: string;
  /**
   * Events with the same key join one open alert. At most 255 characters.
   * @default the loop, the feedback key and the culprit's name, so that a thousand failures of one kind page once
   */
  dedupKey?: (delivery: Delivery) => string;
  /** `https://events.eu.pagerduty.com` in the EU. @default "https://events.pagerduty.com" */
  apiUrl?: string;
}

/** Triggers alerts through PagerDuty's Events API v2. The dedup key is the same on every attempt. */
export function pagerDuty(options: PagerDutyOptions): Destination {
  checkOptions("pagerDuty", options, ["routingKey"]);
  const send = createSend(options);
  return {
    kind: "pagerduty",
    recording: false,
    deliver: (delivery, context) =>
      attempted(context, async () => {
        const event = {
          routing_key: await credentialValue(options.routingKey, "routingKey"),
          ...eventOf(delivery, options),
        };
        const url = `${options.apiUrl ?? "https://events.pagerduty.com"}/v2/enqueue`;
        const headers = { "content-type": "application/json" };
        const answer = await send({ url, headers, body: JSON.stringify(event) }, context);
        // 400: PagerDuty judged the event itself invalid.
        return outcomeOfAnswer(answer, context.now(), [400, 413]);
      }),
  };
}

function eventOf(delivery: Delivery, options: PagerDutyOptions): JsonObject {
  const { title, text, facts, evidence, url } = messageOf(delivery);
  const { severity = "error", dedupKey = failureGroup } = options;
  return {
    event_action: "trigger",
    dedup_key: dedupKey(delivery).slice(0, 255),
    client: "Loopsmith",
    ...(url !== null && { client_url: url, links: [{ href: url, text: "Open" }] }),
    payload: {
      summary: title,
      source: options.source ?? loopName(delivery),
      severity: typeof severity === "function" ? severity(delivery) : severity,
      timestamp: new Date(delivery.createdAt).toISOString(),
      component: loopName(delivery),
      custom_details: {
        ...(text !== "" && { text }),
        ...Object.fromEntries(facts.map(({ label, value }) => [label, value])),
        ...(evidence.length > 0 && { Evidence: [...evidence] }),
        "Loopsmith delivery": delivery.id,
      },
    },
  };
}
