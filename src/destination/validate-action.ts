import { describeValue } from "../internal/describe-value.ts";
import type { Action, ActionKind } from "../model/action.ts";
import { LoopsmithError } from "../model/errors.ts";
import { isJsonObject } from "../model/json.ts";
import { isSecretNamed } from "./secret-named.ts";

/** Says what is wrong with a value, or `null`. */
type Check = (value: unknown) => string | null;
type Fields<A extends Action> = { [F in keyof Required<Omit<A, "action">>]: Check };

const MAX_NAME = 255;
/** A webhook's body must stay below 20 kB, and the failure's context needs its share. */
const MAX_WEBHOOK_DATA = 15_000;
const MAX_DATA = 1_000_000;
const MAX_DEPTH = 200;

const name = required(isName);
const spanId = optional(isName);
const text = optional((value) => (typeof value === "string" ? null : "must be a string"));
const json = optional(isJson(MAX_DATA));

const FIELDS: { [K in ActionKind]: Fields<Extract<Action, { action: K }>> } = {
  add_to_annotation_queue: { queueName: name, spanId, metadata: json },
  webhook: {
    url: required(isWebhookUrl),
    secret: optional(isSecret),
    type: optional(isEventType),
    data: optional(isJson(MAX_WEBHOOK_DATA)),
    headers: optional(isHeaders),
  },
  add_to_dataset: { datasetName: name, inputs: json, outputs: json, metadata: json, split: optional(isName) },
  create_feedback: { key: name, score: optional(isScore), value: optional(isFeedbackValue), comment: text, spanId },
  tag: { tag: name, spanId },
  custom: { name, data: json },
  notify: { destination: name, title: text, text, url: optional(isLink), data: json },
};

/**
 * Checks one action as `onFailure` returned it, and hands it back typed.
 * @throws LoopsmithError `invalid` that names the action, the field and what it should be
 */
export function validateAction(action: unknown): Action {
  const kinds = Object.keys(FIELDS).join(", ");
  if (!isJsonObject(action))
    throw invalid(`An action must be an object, not ${describeValue(action)}.`, `Return { action: ... }.`);
  const kind = action.action;
  if (typeof kind !== "string" || !Object.hasOwn(FIELDS, kind)) {
    throw invalid(`There is no action ${describeValue(kind)}.`, `Use one of ${kinds}.`);
  }
  const fields: Readonly<Record<string, Check>> = FIELDS[kind as ActionKind];
  const known = Object.keys(fields);
  for (const field of Object.keys(action)) {
    if (field !== "action" && !known.includes(field)) {
      throw invalid(`"${kind}" has no field \`${field}\`.`, `Its fields are ${known.join(", ")}.`);
    }
  }
  for (const field of known) {
    const problem = fields[field]?.(action[field]);
    if (problem) throw invalid(`\`${field}\` of "${kind}" ${problem}.`, `Correct what onFailure returns.`);
  }
  return action as unknown as Action;
}

function required(check: Check): Check {
  return (value) => (value === undefined ? "is missing" : check(value));
}

function optional(check: Check): Check {
  return (value) => (value === undefined ? null : check(value));
}

function isName(value: unknown): string | null {
  if (typeof value !== "string" || value.trim() === "")
    return `must be a non-empty string, not ${describeValue(value)}`;
  return value.length <= MAX_NAME ? null : `must have at most ${MAX_NAME} characters, not ${value.length}`;
}

function isWebhookUrl(value: unknown): string | null {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  if (!url) return `must be an absolute URL, not ${describeValue(value)}`;
  if (url.protocol !== "https:" && url.protocol !== "http:") return `must be an https or http URL, not ${url.protocol}`;
  return url.username || url.password
    ? "must not contain a user name or password; send credentials in `headers`"
    : null;
}

function isLink(value: unknown): string | null {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  return url && /^https?:$/.test(url.protocol) ? null : `must be an https or http URL, not ${describeValue(value)}`;
}

function isSecret(value: unknown): string | null {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (entries.length === 0) return "must not be an empty list";
  for (const entry of entries) {
    const problem = isName(entry);
    if (problem) return problem;
    const bytes = String(entry).startsWith("whsec_") ? keyLength(String(entry).slice(6)) : 24;
    if (bytes < 24 || bytes > 64) return "must be whsec_ and 24 to 64 bytes in base64, or the name of a secret";
  }
  return null;
}

function keyLength(base64: string): number {
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return 0;
  return (base64.replace(/=+$/, "").length * 3) >> 2;
}

function isEventType(value: unknown): string | null {
  return typeof value === "string" && /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/.test(value) && value.length <= MAX_NAME
    ? null
    : `must be words joined by dots, such as failure.detected, not ${describeValue(value)}`;
}

/** Set by the transport or by the signature; a value of the user's would break either. */
const RESERVED_HEADER =
  /^(webhook-.*|content-type|content-length|host|connection|transfer-encoding|expect|upgrade|te|trailer)$/;

function isHeaders(value: unknown): string | null {
  if (!isJsonObject(value)) return `must be an object of strings, not ${describeValue(value)}`;
  for (const [header, content] of Object.entries(value)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) return `has no valid header name ${describeValue(header)}`;
    if (RESERVED_HEADER.test(header.toLowerCase())) return `must not set ${header}, which Loopsmith sets itself`;
    if (isSecretNamed(content)) {
      const problem = isName(content.secret);
      if (problem) return `must name the secret of ${header}: it ${problem}`;
      continue;
    }
    if (typeof content !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(content)) {
      return `must give ${header} as one line of text, or as secretNamed("NAME")`;
    }
  }
  return null;
}

function isScore(value: unknown): string | null {
  if (value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)))
    return null;
  return `must be a finite number, a boolean or null, not ${describeValue(value)}`;
}

function isFeedbackValue(value: unknown): string | null {
  return typeof value === "object" ? isJson(MAX_DATA)(value) : jsonProblem(value, 0);
}

function isJson(maxBytes: number): Check {
  return (value) => {
    if (!isJsonObject(value)) return `must be an object, not ${describeValue(value)}`;
    const problem = jsonProblem(value, 0);
    if (problem) return problem;
    const size = new TextEncoder().encode(JSON.stringify(value)).byteLength;
    return size <= maxBytes ? null : `has ${size} bytes; the limit is ${maxBytes}: send ids, not payloads`;
  };
}

/** What would not survive the trip through JSON; the depth limit also ends cycles. */
function jsonProblem(value: unknown, depth: number): string | null {
  if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels, or contains itself`;
  if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number") return Number.isFinite(value) ? null : `contains ${value}, which JSON cannot hold`;
  if (typeof value !== "object") return `contains a ${typeof value}, which JSON cannot hold`;
  for (const item of Object.values(value)) {
    const problem = jsonProblem(item, depth + 1);
    if (problem) return problem;
  }
  return null;
}

function invalid(message: string, hint: string): LoopsmithError {
  return new LoopsmithError("invalid", message, { hint });
}
