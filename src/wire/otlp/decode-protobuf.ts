import protobuf from "protobufjs/light.js";
import { LoopsmithError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import { MAX_ITEMS, tooManyItems } from "../ingest/parse-slice.ts";
import { MAX_DOCUMENT_BYTES, tooLarge } from "../parse-json-steps.ts";
import type { Steps } from "../steps.ts";
import { OTLP_DESCRIPTOR } from "./descriptor.ts";
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

type Int64 = number | { toNumber: () => number; toString: () => string };

interface AnyValueMessage {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: Int64;
  doubleValue?: number;
  arrayValue?: { values: AnyValueMessage[] };
  kvlistValue?: { values: KeyValueMessage[] };
  bytesValue?: Uint8Array;
}

interface KeyValueMessage {
  key: string;
  value?: AnyValueMessage | null;
}

interface SpanMessage {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId: Uint8Array;
  traceState: string;
  name: string;
  kind: number;
  startTimeUnixNano: Int64;
  endTimeUnixNano: Int64;
  attributes: KeyValueMessage[];
  events: { timeUnixNano: Int64; name: string; attributes: KeyValueMessage[] }[];
  links: { traceId: Uint8Array; spanId: Uint8Array; attributes: KeyValueMessage[] }[];
  status?: { message: string; code: number } | null;
}

const root = protobuf.Root.fromJSON(OTLP_DESCRIPTOR);
const Resource = root.lookupType("Resource");
const Scope = root.lookupType("Scope");
const Span = root.lookupType("Span");

/**
 * The spans of an `ExportTraceServiceRequest`, each decoded only when it is read. Rests, with nothing to yield, within large
 * bodies.
 * @throws LoopsmithError `invalid` when the request itself is no protobuf, `too_large`
 */
export function* protobufSpans(body: Uint8Array): Generator<SpanSource | void> {
  let containers = 0;
  const count = (): void => {
    if (++containers > MAX_ITEMS) throw tooManyItems("body");
  };
  for (const resourceSpans of messagesIn(body, 1)) {
    if (!resourceSpans) {
      yield;
      continue;
    }
    count();
    const resource = yield* firstIn(resourceSpans, 1);
    const attributes = resource
      ? attributesOf((yield* decodeSteps(Resource, resource)) as { attributes: KeyValueMessage[] })
      : new Map<string, Json>();
    for (const scopeSpans of messagesIn(resourceSpans, 2)) {
      if (!scopeSpans) {
        yield;
        continue;
      }
      count();
      const scopeBytes = yield* firstIn(scopeSpans, 1);
      const scope = scopeBytes
        ? ((yield* decodeSteps(Scope, scopeBytes)) as { name: string; version: string })
        : undefined;
      const origin: OtelOrigin = {
        resource: attributes,
        scope: { name: scope?.name ?? "", version: scope?.version ?? "" },
      };
      for (const span of messagesIn(scopeSpans, 2)) {
        if (span) yield { origin, bytes: span.byteLength, read: () => spanSteps(span) };
        else yield;
      }
    }
  }
}

/** Fields looked at before others have their turn. */
const REST_AFTER_FIELDS = 50_000;

/** Every message in field `id`; nothing at a rest. Fields may come in any order, hence one pass a field. */
function* messagesIn(bytes: Uint8Array, id: number): Generator<Uint8Array | void> {
  const reader = protobuf.Reader.create(bytes);
  try {
    for (let fields = 1; reader.pos < reader.len; fields++) {
      const tag = reader.uint32();
      if (tag === ((id << 3) | 2)) yield reader.bytes();
      else reader.skipType(tag & 7);
      if (fields % REST_AFTER_FIELDS === 0) yield;
    }
  } catch (error) {
    throw broken(error);
  }
}

function* firstIn(bytes: Uint8Array, id: number): Steps<Uint8Array | undefined> {
  for (const message of messagesIn(bytes, id)) {
    if (message) return message;
    yield;
  }
  return undefined;
}

/**
 * Decodes what is small enough to be decoded in one go, which is counted first.
 * @throws LoopsmithError `invalid`, `too_large`
 */
function* decodeSteps(type: protobuf.Type, bytes: Uint8Array): Steps<unknown> {
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) throw tooLarge(bytes, "span");
  yield* countMessages(type, bytes);
  return decode(type, bytes);
}

/** Walks a message and those in it, at every level, and throws as soon as there are too many of them. */
function* countMessages(outermost: protobuf.Type, bytes: Uint8Array): Steps<void> {
  const reader = protobuf.Reader.create(bytes);
  const levels = [{ type: outermost, end: bytes.byteLength }];
  const members: Record<string, number> = {};
  let messages = 0;
  try {
    for (let fields = 1; levels.length > 0; fields++) {
      const { type, end } = levels.at(-1) as (typeof levels)[number];
      if (reader.pos >= end) {
        levels.pop();
        continue;
      }
      const tag = reader.uint32();
      const field = type.fieldsById[tag >>> 3];
      if ((tag & 7) === 2 && field?.resolvedType instanceof protobuf.Type) {
        const length = reader.uint32();
        levels.push({ type: field.resolvedType, end: reader.pos + length });
        assertMessages(++messages);
        if (levels.length === 2) assertMembers(field.name, (members[field.name] = (members[field.name] ?? 0) + 1));
      } else {
        reader.skipType(tag & 7);
      }
      if (fields % REST_AFTER_FIELDS === 0) yield;
    }
  } catch (error) {
    throw LoopsmithError.isInstance(error) ? error : broken(error);
  }
}

function decode(type: protobuf.Type, bytes: Uint8Array): unknown {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = true;
  try {
    return type.decode(reader);
  } catch (error) {
    throw broken(error);
  }
}

function broken(cause: unknown): LoopsmithError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LoopsmithError("invalid", `not valid OTLP protobuf: ${reason}`, {
    hint: "Send an ExportTraceServiceRequest, or JSON with Content-Type: application/json.",
    cause,
    details: { field: "body" },
  });
}

function* spanSteps(bytes: Uint8Array): Steps<OtelSpan> {
  return toSpan((yield* decodeSteps(Span, bytes)) as SpanMessage);
}

function toSpan(message: SpanMessage): OtelSpan {
  const parent = hex(message.parentSpanId);
  return {
    traceId: checkedId(hex(message.traceId), 32, "trace_id"),
    spanId: checkedId(hex(message.spanId), 16, "span_id"),
    parentSpanId: /^0*$/.test(parent) ? null : checkedId(parent, 16, "parent_span_id"),
    name: message.name,
    kind: spanKind(message.kind),
    ...checkedTimes(msOf(message.startTimeUnixNano), msOf(message.endTimeUnixNano)),
    attributes: attributesOf(message),
    events: message.events.map((event) => ({
      name: event.name,
      at: msOf(event.timeUnixNano),
      attributes: attributesOf(event),
    })),
    links: message.links.map((link) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
      attributes: attributesOf(link),
    })),
    status: { code: statusCode(message.status?.code ?? 0), message: message.status?.message ?? "" },
    traceState: message.traceState,
  };
}

function attributesOf({ attributes }: { attributes: KeyValueMessage[] }): AttributeMap {
  return new Map(attributes.map(({ key, value }) => [key, jsonOf(value)]));
}

/** Depth is bounded by the decoder's own limit of 100. Which member is set shows in what is an own property. */
function jsonOf(value: AnyValueMessage | null | undefined): Json {
  if (!value) return null;
  if (Object.hasOwn(value, "stringValue")) return value.stringValue ?? "";
  if (Object.hasOwn(value, "boolValue")) return value.boolValue ?? false;
  if (Object.hasOwn(value, "intValue")) return integer(value.intValue ?? 0);
  if (Object.hasOwn(value, "doubleValue")) return finite(value.doubleValue ?? 0);
  if (value.arrayValue) return value.arrayValue.values.map(jsonOf);
  if (value.kvlistValue) {
    return Object.fromEntries(value.kvlistValue.values.map(({ key, value: item }) => [key, jsonOf(item)]));
  }
  if (value.bytesValue) return Buffer.from(value.bytesValue).toString("base64");
  return null;
}

/** Integers that JavaScript cannot hold stay text. */
function integer(value: Int64): Json {
  const number = numberOf(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** JSON has neither NaN nor Infinity. */
function finite(value: number): Json {
  return Number.isFinite(value) ? value : String(value);
}

function msOf(nanos: Int64): number | null {
  return nanosToMs(numberOf(nanos));
}

function numberOf(value: Int64): number {
  return typeof value === "number" ? value : value.toNumber();
}

/** An absent field is an empty array. */
function hex(bytes: ArrayLike<number>): string {
  return Buffer.from(bytes).toString("hex");
}
