import { LoopsmithError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import { fieldError } from "../ingest/rejected.ts";
import type { Steps } from "../steps.ts";

/** Attribute keys are never taken for paths: they stay keys of a map. */
export type AttributeMap = ReadonlyMap<string, Json>;

/** A span as OTLP carries it, whichever encoding it came in. Ids are lower-case hex. */
export interface OtelSpan {
  traceId: string;
  spanId: string;
  /** `null` when the span has none. */
  parentSpanId: string | null;
  name: string;
  /** `internal`, `server`, `client`, `producer`, `consumer` or `unspecified`. */
  kind: string;
  /** Epoch ms, microseconds as the fraction. */
  startAt: number;
  /** `null` while the span runs. */
  endAt: number | null;
  attributes: AttributeMap;
  events: OtelEvent[];
  links: OtelLink[];
  status: { code: "unset" | "ok" | "error"; message: string };
  traceState: string;
}

export interface OtelEvent {
  name: string;
  at: number | null;
  attributes: AttributeMap;
}

interface OtelLink {
  traceId: string;
  spanId: string;
  attributes: AttributeMap;
}

/** What the spans of one resource and scope share. */
export interface OtelOrigin {
  resource: AttributeMap;
  scope: { name: string; version: string };
}

/** A span that has arrived but is not decoded yet: what is wrong with it concerns no other. */
export interface SpanSource {
  origin: OtelOrigin;
  bytes: number;
  /** @throws LoopsmithError `invalid` naming the field, `too_large` for very many attributes, events or links */
  read: () => Steps<OtelSpan>;
}

/** Attributes, events and links of one span; exporters leave each at 128 unless told otherwise. */
const MAX_MEMBERS = 10_000;

/** @throws LoopsmithError `too_large` */
export function assertMembers(field: string, count: number): void {
  if (count <= MAX_MEMBERS) return;
  throw new LoopsmithError("too_large", `${field}: ${count} of them, over ${MAX_MEMBERS}`, {
    hint: "Put lists and objects into one attribute, as JSON.",
    details: { field, max: MAX_MEMBERS },
  });
}

/** Messages in one span: every attribute, value, element of a list, event and link. Decoding so many takes some 50 ms. */
const MAX_MESSAGES = 60_000;

/** @throws LoopsmithError `too_large` */
export function assertMessages(count: number): void {
  if (count <= MAX_MESSAGES) return;
  throw new LoopsmithError("too_large", `attributes: over ${MAX_MESSAGES} values in them, counted at every level`, {
    hint: "Put lists and objects into one attribute, as JSON.",
    details: { field: "attributes", max: MAX_MESSAGES },
  });
}

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
const STATUSES = ["unset", "ok", "error"] as const;

export function spanKind(code: number): string {
  return KINDS[code] ?? "unspecified";
}

export function statusCode(code: number): OtelSpan["status"]["code"] {
  return STATUSES[code] ?? "unset";
}

/** Nanoseconds since 1970 as epoch ms with microseconds as the fraction; 0 means "not set". */
export function nanosToMs(nanos: number): number | null {
  return nanos > 0 && nanos < 253_402_300_800e15 ? Math.round(nanos / 1000) / 1000 : null;
}

/** A hex id of `length` characters. All zeroes is invalid by OTLP's own word. */
export function checkedId(hex: string, length: number, field: string): string {
  if (hex.length === length && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex)) return hex;
  throw fieldError(field, hex === "" ? "is missing" : `${JSON.stringify(hex.slice(0, 64))} is not ${length / 2} bytes`);
}

/** The span's times, once it is known to have any. */
export function checkedTimes(start: number | null, end: number | null): { startAt: number; endAt: number | null } {
  const startAt = start ?? end;
  if (startAt === null) throw fieldError("start_time_unix_nano", "is missing");
  return { startAt, endAt: end };
}
