import type { JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import { scanJson, scanJsonSteps } from "../json-scan.ts";
import type { Steps } from "../steps.ts";
import { membersOf, parseSlice, textOf } from "./parse-slice.ts";
import { fieldError } from "./rejected.ts";

/** What stands beside a run's main part in `/runs/multipart`, and inside the run elsewhere. Kept as raw JSON bytes. */
export const PAYLOAD_NAMES = ["inputs", "outputs", "events", "extra", "error", "serialized"] as const;
export type PayloadName = (typeof PAYLOAD_NAMES)[number];
export type Payloads = { [Name in PayloadName]?: Uint8Array };

/** A run as it came: its small fields parsed, its payloads as bytes. */
export interface RunJson {
  fields: JsonObject;
  payloads: Payloads;
  /** By name; only in runs that are sent as one JSON. */
  attachments?: Uint8Array;
}

/** Main parts up to this size are parsed at once; what is larger carries payloads or is no run. */
const SMALL_BYTES = 64 * 1024;

const ATTACHMENTS = "attachments";

const PAYLOADS: ReadonlySet<string> = new Set(PAYLOAD_NAMES);

/** Fields of a run that are read; everything else is skipped unparsed. */
const FIELDS: ReadonlySet<string> = new Set([
  "id",
  "trace_id",
  "parent_run_id",
  "dotted_order",
  "session_id",
  "session_name",
  "name",
  "run_type",
  "start_time",
  "end_time",
  "status",
  "tags",
  "reference_example_id",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "total_cost",
]);

/**
 * Takes a run's JSON object apart without parsing its payloads.
 * @throws LoopsmithError `invalid` for anything but a JSON object
 */
export function* runJsonSteps(bytes: Uint8Array, what: string): Steps<RunJson> {
  if (bytes.byteLength <= SMALL_BYTES) {
    const fields = parseSmall(bytes, what);
    if (![...PAYLOAD_NAMES, ATTACHMENTS].some((name) => fields[name] !== undefined)) return { fields, payloads: {} };
  }
  const shape = yield* scanJsonSteps(bytes, what);
  if (shape.kind !== "object") throw notAnObject(what);
  const fields: JsonObject = {};
  const payloads: Payloads = {};
  let attachments: Uint8Array | undefined;
  for (const [key, value] of membersOf(bytes, shape)) {
    if (PAYLOADS.has(key)) payloads[key as PayloadName] = value;
    else if (key === ATTACHMENTS) attachments = value;
    else if (FIELDS.has(key)) fields[key] = parseSlice(value, key);
  }
  return { fields, payloads, ...(attachments && { attachments }) };
}

function parseSmall(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(textOf(bytes));
  } catch {
    // The scanner's message says where.
    scanJson(bytes, what);
  }
  if (!isJsonObject(value)) throw notAnObject(what);
  return value;
}

function notAnObject(what: string): Error {
  return fieldError(what, "must be a JSON object", "Send the run as one JSON object.");
}
