import type { Delivery } from "../model/delivery.ts";
import type { JsonObject } from "../model/json.ts";
import { messageOf } from "./message.ts";

/** Slack's limits, in characters as sent: header 150, section 3,000, field 2,000; ten fields to a section. */
const MAX_HEADER = 150;
const MAX_SECTION = 2_900;
const MAX_LABEL = 100;
const MAX_VALUE = 1_800;
const FIELDS_PER_SECTION = 10;

/**
 * A delivery as Block Kit. What may come from a trace stands either in `plain_text`, where Slack reads no markup, or as
 * inline code with `&`, `<` and `>` replaced, so that no mention (`<!channel>`), link or format can be smuggled in.
 */
export function slackMessage(delivery: Delivery): JsonObject {
  const message = messageOf(delivery);
  const blocks: JsonObject[] = [{ type: "header", text: plain(message.title, MAX_HEADER) }];
  if (message.text !== "") blocks.push({ type: "section", text: plain(message.text, MAX_SECTION) });
  for (let i = 0; i < message.facts.length; i += FIELDS_PER_SECTION) {
    const fields = message.facts.slice(i, i + FIELDS_PER_SECTION);
    blocks.push({
      type: "section",
      fields: fields.map(({ label, value }) => mrkdwn(`${code(label, MAX_LABEL)}\n${code(value, MAX_VALUE)}`)),
    });
  }
  if (message.evidence.length > 0) {
    blocks.push({
      type: "section",
      text: plain(message.evidence.map((item) => `• ${item}`).join("\n"), MAX_SECTION),
    });
  }
  const link = message.url === null ? "" : ` · <${linkTarget(message.url)}|Open>`;
  blocks.push({ type: "context", elements: [mrkdwn(`Loopsmith delivery ${delivery.id}${link}`)] });
  // The fallback for notifications is read as markup too.
  return { text: escapeSlack(message.title), blocks, unfurl_links: false, unfurl_media: false, link_names: false };
}

/** Slack's own escaping of text: these three characters, and no others. */
function escapeSlack(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function code(text: string, limit: number): string {
  return `\`${cutEscaped(text, limit).replace(/`/g, "ˋ")}\``;
}

function linkTarget(url: string): string {
  return escapeSlack(url).replace(/\|/g, "%7C");
}

function plain(text: string, limit: number): JsonObject {
  return { type: "plain_text", text: cutEscaped(text, limit), emoji: false };
}

function mrkdwn(text: string): JsonObject {
  return { type: "mrkdwn", text, verbatim: true };
}

/** Escaped, and then no longer than `limit`: an `&` takes five characters of it, and none is cut in two. */
function cutEscaped(text: string, limit: number): string {
  const escaped = escapeSlack(text);
  if (escaped.length <= limit) return escaped;
  let cut = "";
  for (const character of text) {
    const next = escapeSlack(character);
    if (cut.length + next.length >= limit) break;
    cut += next;
  }
  return `${cut}…`;
}
