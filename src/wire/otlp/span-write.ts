import { toIsoTime } from "../../internal/iso-time.ts";
import { isUuid } from "../../model/id.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { AttachmentWrite, SpanWrite } from "../../model/span-write.ts";
import { threadIdOf, type SpanKind } from "../../model/trace.ts";
import { cleanObject, cleanText } from "../clean-text.ts";
import { Attributes } from "./attributes.ts";
import {
  errorOfSpan,
  invocationOf,
  isEmpty,
  metadataOfSpan,
  objectOf,
  tagsOfSpan,
  usageOfSpan,
} from "./describe-run.ts";
import { inputsOutputs } from "./inputs-outputs.ts";
import { asText } from "./messages.ts";
import type { OtelOrigin, OtelSpan } from "./otel-span.ts";
import type { Place } from "./place-spans.ts";
import { runKind } from "./run-kind.ts";

export interface PlacedSpan {
  span: OtelSpan;
  origin: OtelOrigin;
  place: Place;
}

/** One OpenTelemetry span as a write. `project` is where it goes unless the span itself says so. */
export function spanWriteOf({ span, origin, place }: PlacedSpan, project: string | undefined): SpanWrite {
  const attributes = new Attributes(span.attributes);
  const kind = runKind(attributes);
  const { inputs, outputs } = inputsOutputs(kind, attributes, span.events);
  const invocation = invocationOf(attributes);
  const usage = usageOfSpan(kind, attributes);
  const tags = tagsOfSpan(attributes);
  const error = errorOfSpan(span);
  const name = nameOf(span, kind, attributes);
  const example = attributes.text("langsmith.reference_example_id");
  const firstTokenAt = firstTokenTime(span, attributes);
  const projectOf = projectFields(origin, attributes, project);
  for (const key of BOOKKEEPING) attributes.take(key);
  attributes.take("langsmith.attachments");

  const { metadata, remaining } = metadataOfSpan(span, origin, attributes, invocation);
  const cleaned = cleanObject(metadata);
  const threadId = threadIdOf(cleaned);
  return {
    op: "post",
    id: place.id,
    traceId: place.traceId,
    parentId: place.parentId,
    ...(place.dottedOrder === undefined ? {} : { dottedOrder: place.dottedOrder }),
    ...projectOf,
    name: cleanText(name),
    kind,
    startAt: span.startAt,
    endAt: span.endAt,
    ...(error === undefined ? {} : { error: cleanText(error) }),
    ...(inputs ? { inputs: bytesOf(inputs) } : {}),
    ...(outputs ? { outputs: bytesOf(outputs) } : {}),
    ...(span.events.length > 0 ? { events: bytesOf(span.events.map(eventJson)) } : {}),
    extra: bytesOf(extraOf(span, origin, { metadata, remaining, params: invocation.params })),
    metadata: cleaned,
    ...(tags.length > 0 ? { tags: tags.map(cleanText) } : {}),
    ...(invocation.model === undefined ? {} : { model: cleanText(invocation.model) }),
    ...(usage ? { usage } : {}),
    ...(threadId === null ? {} : { threadId }),
    ...(isUuid(example) ? { referenceExampleId: example.toLowerCase() } : {}),
    ...(firstTokenAt === undefined ? {} : { firstTokenAt }),
  };
}

/** Attributes whose meaning is in the write itself. */
const BOOKKEEPING = [
  "langsmith.trace.id",
  "langsmith.span.id",
  "langsmith.span.parent_id",
  "langsmith.span.dotted_order",
  "langsmith.is_root",
  "langsmith.traceable",
  "langsmith.traceable_parent_otel_span_id",
  "openinference.span.kind",
  "input.mime_type",
  "output.mime_type",
];

function nameOf(span: OtelSpan, kind: SpanKind, attributes: Attributes): string {
  const own = attributes.text("langsmith.trace.name", "traceloop.entity.name");
  const tool = kind === "tool" ? attributes.text("gen_ai.tool.name", "tool.name", "ai.toolCall.name") : undefined;
  return own ?? tool ?? (span.name === "" ? kind : span.name);
}

function projectFields(origin: OtelOrigin, attributes: Attributes, project: string | undefined): Partial<SpanWrite> {
  const id = attributes.text("langsmith.trace.session_id");
  const own = attributes.text("langsmith.trace.session_name");
  const name = own ?? project ?? resourceProject(origin);
  // LangSmith's clients send the project's id here, and a name only where there is no id.
  if (own === undefined && isUuid(id)) return { projectId: id.toLowerCase() };
  return name === undefined ? {} : { projectName: cleanText(name) };
}

function resourceProject({ resource }: OtelOrigin): string | undefined {
  for (const key of ["langsmith.trace.session_name", "langsmith.project", "openinference.project.name"]) {
    const value = resource.get(key);
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

function firstTokenTime(span: OtelSpan, attributes: Attributes): number | undefined {
  const sinceStart = attributes.take("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk");
  if (typeof sinceStart === "number" && sinceStart >= 0) return span.startAt + sinceStart;
  return span.events.find((event) => FIRST_TOKEN.test(event.name))?.at ?? undefined;
}

const FIRST_TOKEN =
  /^(?:(?:llm|gen_ai)\.content\.completion\.chunk|ai\.stream\.firstChunk|first token stream event|new_token)$/i;

function eventJson({ name, at, attributes }: OtelSpan["events"][number]): JsonObject {
  return { name, ...(at === null ? {} : { time: toIsoTime(at) }), kwargs: objectOf(attributes) };
}

function extraOf(
  span: OtelSpan,
  { resource, scope }: OtelOrigin,
  { metadata, remaining, params }: { metadata: JsonObject; remaining: JsonObject; params: JsonObject },
): JsonObject {
  return {
    metadata,
    ...(isEmpty(params) ? {} : { invocation_params: params }),
    otel: {
      kind: span.kind,
      scope: { ...scope },
      resource: objectOf(resource),
      ...(isEmpty(remaining) ? {} : { attributes: remaining }),
      ...(span.traceState === "" ? {} : { trace_state: span.traceState }),
      ...(span.links.length === 0
        ? {}
        : {
            links: span.links.map((link) => ({
              trace_id: link.traceId,
              span_id: link.spanId,
              attributes: objectOf(link.attributes),
            })),
          }),
    },
  };
}

/** `langsmith.attachments`: a JSON list of `{ name, content (base64), mime_type }`. */
export function attachmentsOf(span: OtelSpan, spanId: string): AttachmentWrite[] {
  const list = new Attributes(span.attributes).json("langsmith.attachments");
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry): AttachmentWrite[] => {
    if (!isJsonObject(entry) || typeof entry["name"] !== "string" || typeof entry["content"] !== "string") return [];
    const mimeType = typeof entry["mime_type"] === "string" ? entry["mime_type"] : "application/octet-stream";
    return [
      { spanId, name: cleanText(asText(entry["name"])), mimeType, bytes: Buffer.from(entry["content"], "base64") },
    ];
  });
}

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
