import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { elementsOf, memberOf, parseSlice } from "../ingest/parse-slice.ts";
import { fieldError } from "../ingest/rejected.ts";
import { scanJsonSteps, type JsonShape } from "../json-scan.ts";
import { AT_ONCE_BYTES, parseJsonSteps } from "../parse-json-steps.ts";
import type { Steps } from "../steps.ts";
import {
  assertMembers,
  assertMessages,
  checkedId,
  checkedTimes,
  nanosToMs,
  spanKind,
  statusCode,
  type AttributeMap,
  type OtelOrigin,
  type OtelSpan,
  type SpanSource,
} from "./otel-span.ts";

/**
 * The spans of an `ExportTraceServiceRequest` in OTLP's JSON encoding, each parsed only when it is read. Ids may be hex,
 * as OTLP has it, or base64, as a generic protobuf-to-JSON mapping writes them; field names may be camelCase or
 * snake_case. Rests, with nothing to yield, within large bodies.
 * @throws LoopsmithError `invalid` when the request itself is no JSON of that form
 */
export function* jsonSpans(body: Uint8Array): Generator<SpanSource | void> {
  const inBody = yield* scanJsonSteps(body, "body");
  if (inBody.kind !== "object") throw fieldError("body", "must be a JSON object with `resourceSpans`");
  for (const resourceSpans of yield* listSteps(body, inBody, ["resourceSpans", "resource_spans"])) {
    const inResource = yield* scanJsonSteps(resourceSpans, "resourceSpans");
    const resource = objectIn(resourceSpans, inResource, "resource");
    const attributes = attributesOf(resource["attributes"]);
    for (const scopeSpans of yield* listSteps(resourceSpans, inResource, ["scopeSpans", "scope_spans"])) {
      const inScope = yield* scanJsonSteps(scopeSpans, "scopeSpans");
      const scope = objectIn(scopeSpans, inScope, "scope");
      const origin: OtelOrigin = {
        resource: attributes,
        scope: { name: textOf(scope["name"]), version: textOf(scope["version"]) },
      };
      for (const span of yield* listSteps(scopeSpans, inScope, ["spans"])) {
        yield { origin, bytes: span.byteLength, read: () => spanSteps(span) };
      }
    }
  }
}

function* spanSteps(bytes: Uint8Array): Steps<OtelSpan> {
  const value = bytes.byteLength <= AT_ONCE_BYTES ? parseSlice(bytes, "span") : yield* parseJsonSteps(bytes, "span");
  countMessages(value, 0);
  return toSpan(value);
}

/** Every object is a message. Adds those in `value` to `count`, and ends as soon as there are too many. */
function countMessages(value: Json, count: number): number {
  if (typeof value !== "object" || value === null) return count;
  let sum = count;
  if (!Array.isArray(value)) assertMessages(++sum);
  for (const member of Object.values(value)) sum = countMessages(member as Json, sum);
  return sum;
}

function* listSteps(bytes: Uint8Array, shape: JsonShape, names: readonly string[]): Steps<Iterable<Uint8Array>> {
  for (const name of names) {
    const list = memberOf(bytes, shape, name);
    if (list === undefined) continue;
    const elements = yield* scanJsonSteps(list, name);
    if (elements.kind === "object") throw fieldError(name, "must be a list");
    if (elements.kind === "array") return elementsOf(list, elements);
  }
  return [];
}

function objectIn(bytes: Uint8Array, shape: JsonShape, name: string): JsonObject {
  const member = memberOf(bytes, shape, name);
  const value = member === undefined ? null : parseSlice(member, name);
  return isJsonObject(value) ? value : {};
}

function toSpan(value: Json): OtelSpan {
  if (!isJsonObject(value)) throw fieldError("span", "must be a JSON object");
  const either = (camel: string, snake: string): Json => value[camel] ?? value[snake] ?? null;
  const parent = idOf(either("parentSpanId", "parent_span_id"), 16);
  for (const field of ["attributes", "events", "links"] as const) {
    const members = value[field];
    assertMembers(field, Array.isArray(members) ? members.length : 0);
  }
  const status = isJsonObject(value["status"]) ? value["status"] : {};
  return {
    traceId: checkedId(idOf(either("traceId", "trace_id"), 32), 32, "trace_id"),
    spanId: checkedId(idOf(either("spanId", "span_id"), 16), 16, "span_id"),
    parentSpanId: /^0*$/.test(parent) ? null : checkedId(parent, 16, "parent_span_id"),
    name: textOf(value["name"]),
    kind: spanKind(enumOf(value["kind"], SPAN_KINDS)),
    ...checkedTimes(
      msOf(either("startTimeUnixNano", "start_time_unix_nano")),
      msOf(either("endTimeUnixNano", "end_time_unix_nano")),
    ),
    attributes: attributesOf(value["attributes"]),
    events: objectsIn(value["events"]).map((event) => ({
      name: textOf(event["name"]),
      at: msOf(event["timeUnixNano"] ?? event["time_unix_nano"]),
      attributes: attributesOf(event["attributes"]),
    })),
    links: objectsIn(value["links"]).map((link) => ({
      traceId: idOf(link["traceId"] ?? link["trace_id"], 32),
      spanId: idOf(link["spanId"] ?? link["span_id"], 16),
      attributes: attributesOf(link["attributes"]),
    })),
    status: { code: statusCode(enumOf(status["code"], STATUS_CODES)), message: textOf(status["message"]) },
    traceState: textOf(either("traceState", "trace_state")),
  };
}

const SPAN_KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map(
  (name) => `SPAN_KIND_${name}`,
);
const STATUS_CODES = ["UNSET", "OK", "ERROR"].map((name) => `STATUS_CODE_${name}`);

/** Enums are numbers in OTLP's JSON; older exporters send their names. */
function enumOf(value: Json | undefined, names: readonly string[]): number {
  return typeof value === "string" ? names.indexOf(value) : typeof value === "number" ? value : 0;
}

function idOf(value: Json | undefined, hexLength: number): string {
  if (typeof value !== "string") return "";
  if (value.length === hexLength && /^[0-9a-fA-F]+$/.test(value)) return value.toLowerCase();
  const bytes = Buffer.from(value, "base64");
  return bytes.byteLength === hexLength / 2 ? bytes.toString("hex") : value.toLowerCase();
}

/** 64-bit numbers come as text. */
function msOf(nanos: Json | undefined): number | null {
  const number = typeof nanos === "string" && /^\d{1,20}$/.test(nanos) ? Number(nanos) : nanos;
  return typeof number === "number" ? nanosToMs(number) : null;
}

function attributesOf(value: Json | undefined): AttributeMap {
  const attributes = new Map<string, Json>();
  for (const entry of objectsIn(value)) {
    if (typeof entry["key"] === "string") attributes.set(entry["key"], jsonOf(entry["value"]));
  }
  return attributes;
}

/** Depth is bounded by the scan of the whole body. */
function jsonOf(value: Json | undefined): Json {
  if (!isJsonObject(value)) return null;
  const member = (camel: string, snake: string): Json | undefined => value[camel] ?? value[snake];
  const text = member("stringValue", "string_value");
  if (typeof text === "string") return text;
  const flag = member("boolValue", "bool_value");
  if (typeof flag === "boolean") return flag;
  const int = member("intValue", "int_value");
  if (typeof int === "number" || typeof int === "string") return integer(int);
  const double = member("doubleValue", "double_value");
  if (typeof double === "number" || typeof double === "string") return double;
  const array = member("arrayValue", "array_value");
  if (isJsonObject(array)) return Array.isArray(array["values"]) ? array["values"].map(jsonOf) : [];
  const list = member("kvlistValue", "kvlist_value");
  if (isJsonObject(list)) return Object.fromEntries(attributesOf(list["values"]));
  const bytes = member("bytesValue", "bytes_value");
  return typeof bytes === "string" ? bytes : null;
}

/** Integers that JavaScript cannot hold stay text. */
function integer(value: number | string): Json {
  const number = typeof value === "string" && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : value;
}

function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
