import type { Delivery } from "../model/delivery.ts";
import type { Json } from "../model/json.ts";
import { checkOptions } from "./check-options.ts";
import { credentialValue, type Credential } from "./credential.ts";
import type { Destination } from "./destination.ts";
import { attempted, outcomeOfAnswer } from "./http-outcome.ts";
import { messageOf } from "./message.ts";
import { createSend, type HttpOptions } from "./send.ts";

export interface HttpDestinationOptions extends HttpOptions {
  url: Credential;
  /** @default "POST" */
  method?: "POST" | "PUT" | "PATCH";
  /** Sent on every attempt; tokens belong here. */
  headers?: Readonly<Record<string, Credential>>;
  /** The JSON body. @default title, text, link and `data` of the action, the failure's context and the delivery's id */
  body?: (delivery: Delivery) => Json;
  /** The header that carries the delivery's id, the same on every attempt. @default "Idempotency-Key" */
  idempotencyHeader?: string;
  /** Statuses after which a retry is pointless. @default none, every answer but 2xx and 410 is tried again */
  finalStatuses?: readonly number[];
}

/** Sends JSON to an HTTP endpoint of your own or of a service without a destination here. For signed requests use `webhook()`. */
export function http(options: HttpDestinationOptions): Destination {
  checkOptions("http", options, ["url"]);
  const send = createSend(options);
  const { method = "POST", body = defaultBody, idempotencyHeader = "Idempotency-Key", finalStatuses = [] } = options;
  return {
    kind: "http",
    recording: false,
    deliver: (delivery, context) =>
      attempted(context, async () => {
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(options.headers ?? {})) {
          headers[name.toLowerCase()] = await credentialValue(value, `header ${name}`);
        }
        headers["content-type"] ??= "application/json";
        headers[idempotencyHeader.toLowerCase()] = delivery.id;
        const url = await credentialValue(options.url, "url");
        const answer = await send({ url, method, headers, body: JSON.stringify(body(delivery)) }, context);
        return outcomeOfAnswer(answer, context.now(), finalStatuses);
      }),
  };
}

function defaultBody(delivery: Delivery): Json {
  const { title, text, url } = messageOf(delivery);
  const data = delivery.action.action === "notify" ? delivery.action.data : undefined;
  return { id: delivery.id, title, text, url, context: delivery.context, data: data ?? {} };
}
