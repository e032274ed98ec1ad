import { duration } from "../internal/duration.ts";
import { money } from "../internal/money.ts";
import type { Delivery } from "../model/delivery.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { excerptOf, plainText } from "./plain-text.ts";

/** What a notification says, as plain text that holds no markup of any medium. */
export interface Message {
  title: string;
  /** The action's own text; empty when it has none. */
  text: string;
  facts: readonly { label: string; value: string }[];
  /** Why the culprit is suspected, one sentence each. */
  evidence: readonly string[];
  /** A link for the reader. */
  url: string | null;
}

const MAX_TITLE = 200;
const MAX_TEXT = 4_000;
const MAX_VALUE = 500;
/** What browsers and the services behind destinations take. */
const MAX_URL = 2_000;
const MAX_EVIDENCE = 5;
const MAX_DATA_FACTS = 10;

/**
 * The message of a delivery: the action's title, text, link and `data`, and what the failure's context holds. Lengths
 * are bounded and control characters are out; escaping is left to the medium.
 */
export function messageOf(delivery: Delivery): Message {
  const { action, context } = delivery;
  const notify = action.action === "notify" ? action : undefined;
  const culprit = isJsonObject(context.culprit) ? context.culprit : undefined;
  const evidence = Array.isArray(culprit?.evidence) ? culprit.evidence : [];
  return {
    // A title of nothing that can be shown is refused by most who want one.
    title: excerptOf(notify?.title ?? "", MAX_TITLE) || excerptOf(titleOf(delivery), MAX_TITLE),
    text: plainText(notify?.text ?? "", MAX_TEXT),
    facts: [
      ...facts({
        Loop: loopName(delivery),
        Score: scoreOf(context),
        Culprit: culprit && `${shown(culprit.name)} (${shown(culprit.kind)})`,
        Trace: context.trace_id,
        Span: culprit?.span_id,
      }),
      ...facts(context.alert_id === undefined ? (notify?.data ?? {}) : inWords(notify?.data ?? {}), MAX_DATA_FACTS),
    ],
    evidence: evidence.slice(0, MAX_EVIDENCE).map((item) => excerptOf(shown(item), MAX_VALUE)),
    url: linkOf(notify?.url),
  };
}

/** A link is shown whole or not at all. */
function linkOf(url: string | undefined): string | null {
  if (url === undefined) return null;
  const { href } = new URL(url);
  return href.length <= MAX_URL ? href : null;
}

/** The name a person gave the loop; a delivery itself only knows its id. */
export function loopName({ loop, context }: Delivery): string {
  return typeof context.loop === "string" ? context.loop : loop;
}

/** The figures of an alert for people: money and lengths of time with their units, and no more digits than count. */
function inWords(data: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      if (typeof value !== "number") return [key, value];
      if (key.endsWith("Usd")) return [key.slice(0, -3), money(value)];
      if (key.endsWith("Ms")) return [key.slice(0, -2), duration(value)];
      return [key, Number.isInteger(value) ? value : rounded(value)];
    }),
  );
}

function titleOf(delivery: Delivery): string {
  const loop = loopName(delivery);
  const score = scoreOf(delivery.context);
  return score === undefined ? `${loop}: failure` : `${loop}: ${score}`;
}

function scoreOf({ key, score, threshold }: JsonObject): string | undefined {
  if (typeof key !== "string" || typeof score !== "number") return undefined;
  return `${key} ${rounded(score)}${typeof threshold === "number" ? `, below ${rounded(threshold)}` : ""}`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function facts(values: JsonObject, limit = Infinity): { label: string; value: string }[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== null)
    .slice(0, limit)
    .map(([label, value]) => ({ label: excerptOf(label, 60), value: excerptOf(shown(value), MAX_VALUE) }));
}

function shown(value: Json | undefined): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
