import { expect } from "vitest";
import type { Json } from "../../model/json.ts";
import type { SpanWrite } from "../../model/span-write.ts";
import { ingestOtlp, type IngestOtlpOptions, type OtlpBatch } from "../ingest-otlp.ts";

export const TRACE = "0af7651916cd43dd8448eb211c80319c";
export const TRACE_ID = "0af76519-16cd-43dd-8448-eb211c80319c";
export const START = "1795450813105001000";

export interface Wire {
  name?: string;
  span?: string;
  parent?: string | null;
  trace?: string;
  start?: string;
  attributes?: Record<string, Json>;
  events?: { name: string; attributes?: Record<string, Json> }[];
  status?: { code: number; message?: string };
}

function anyValue(value: Json): Json {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return value === null ? {} : { kvlistValue: { values: keyValues(value as Record<string, Json>) } };
}

function keyValues(attributes: Record<string, Json> = {}): Json[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

export function request(spans: readonly Wire[], resource: Record<string, Json> = {}): Buffer {
  const written = spans.map(
    ({
      name = "x",
      span = "b7ad6b7169203331",
      parent = null,
      trace = TRACE,
      start = START,
      attributes,
      events = [],
      status,
    }) => ({
      traceId: trace,
      spanId: span,
      ...(parent === null ? {} : { parentSpanId: parent }),
      name,
      kind: 1,
      startTimeUnixNano: start,
      endTimeUnixNano: "1795450814105001000",
      attributes: keyValues(attributes),
      events: events.map((event) => ({
        name: event.name,
        timeUnixNano: START,
        attributes: keyValues(event.attributes),
      })),
      ...(status ? { status } : {}),
    }),
  );
  const scopeSpans = [{ scope: { name: "test", version: "1" }, spans: written }];
  return Buffer.from(
    JSON.stringify({ resourceSpans: [{ resource: { attributes: keyValues(resource) }, scopeSpans }] }),
  );
}

export function ingest(spans: readonly Wire[], options?: IngestOtlpOptions): Promise<OtlpBatch> {
  return ingestOtlp(request(spans), "application/json", options);
}

export interface Run extends Omit<SpanWrite, "inputs" | "outputs" | "events" | "extra"> {
  inputs: unknown;
  outputs: unknown;
  events: unknown;
  extra: Record<string, unknown>;
}

export async function one(
  attributes: Record<string, Json>,
  more: Partial<Wire> = {},
  options?: IngestOtlpOptions,
): Promise<Run> {
  const { spans, rejected } = await ingest([{ attributes, ...more }], options);
  expect(rejected).toEqual([]);
  const parse = (bytes?: Uint8Array): unknown => (bytes ? JSON.parse(Buffer.from(bytes).toString()) : undefined);
  const span = spans[0]!;
  return {
    ...span,
    inputs: parse(span.inputs),
    outputs: parse(span.outputs),
    events: parse(span.events),
    extra: parse(span.extra) as Record<string, unknown>,
  };
}
