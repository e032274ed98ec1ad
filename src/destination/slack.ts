import type { Delivery, DeliveryOutcome } from "../model/delivery.ts";
import { isJsonObject } from "../model/json.ts";
import { checkOptions } from "./check-options.ts";
import { credentialValue, type Credential } from "./credential.ts";
import type { Destination } from "./destination.ts";
import { attempted, outcomeOfAnswer } from "./http-outcome.ts";
import { parseJson } from "./parse-json.ts";
import { createSend, type Answer, type HttpOptions, type Outgoing } from "./send.ts";
import { slackMessage } from "./slack-message.ts";

export type SlackOptions = SlackWebhook | SlackBot;

export interface SlackWebhook extends HttpOptions {
  /** An incoming webhook's URL, `https://hooks.slack.com/services/...`; it is a secret. */
  webhookUrl: Credential;
}

export interface SlackBot extends HttpOptions {
  /** A bot token, `xoxb-...`, with the scope `chat:write`. */
  token: Credential;
  /** Channel id (`C024BE91L`), or a name the bot can post to. */
  channel: string;
  /** @default "https://slack.com/api" */
  apiUrl?: string;
}

/**
 * Posts to Slack by an incoming webhook, or as a bot to a channel. Text from traces cannot mention, link or format.
 * Slack knows no idempotency key: when its acknowledgement is lost, the retry shows the message again, with the same
 * delivery id in the footer.
 */
export function slack(options: SlackOptions): Destination {
  checkOptions("slack", options, isBot(options) ? ["token", "channel"] : ["webhookUrl"]);
  const send = createSend(options);
  return {
    kind: "slack",
    recording: false,
    deliver: (delivery, context) =>
      attempted(context, async () => {
        const answer = await send(await slackRequest(delivery, options), context);
        return isBot(options)
          ? outcomeOfApi(answer, context.now())
          : outcomeOfAnswer(answer, context.now(), [400, 413]);
      }),
  };
}

function isBot(options: SlackOptions): options is SlackBot {
  return "token" in options || "channel" in options;
}

async function slackRequest(delivery: Delivery, options: SlackOptions): Promise<Outgoing> {
  const message = slackMessage(delivery);
  const headers = { "content-type": "application/json; charset=utf-8" };
  if (!isBot(options)) {
    return { url: await credentialValue(options.webhookUrl, "webhookUrl"), headers, body: JSON.stringify(message) };
  }
  return {
    url: `${options.apiUrl ?? "https://slack.com/api"}/chat.postMessage`,
    headers: { ...headers, authorization: `Bearer ${await credentialValue(options.token, "token")}` },
    body: JSON.stringify({ channel: options.channel, ...message }),
  };
}

/** What no retry of the same message can mend; all others (tokens, channels, outages) can be mended meanwhile. */
const FINAL_ERRORS = new Set([
  "invalid_blocks",
  "invalid_blocks_format",
  "msg_too_long",
  "no_text",
  "invalid_arguments",
]);

/** Slack's Web API answers 200 to failures too, and says so in the body. */
function outcomeOfApi(answer: Answer, now: number): DeliveryOutcome {
  const outcome = outcomeOfAnswer(answer, now);
  if (outcome.status !== "delivered") return outcome;
  const body = parseJson(answer.text);
  if (isJsonObject(body) && body.ok === true)
    return { status: "delivered", detail: `message ${typeof body.ts === "string" ? body.ts : ""}` };
  const error = isJsonObject(body) && typeof body.error === "string" ? body.error : "an answer that is not JSON";
  return { status: FINAL_ERRORS.has(error) ? "dead" : "retry", reason: `Slack says ${error}` };
}
