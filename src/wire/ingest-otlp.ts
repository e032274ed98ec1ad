import { LoopsmithError } from "../model/errors.ts";
import { MAX_ITEMS, tooManyItems } from "./ingest/parse-slice.ts";
import { emptyBatch, PAUSE_EVERY_BYTES, reject, type IngestBatch } from "./ingest/batch.ts";
import { jsonSpans } from "./otlp/decode-json.ts";
import { protobufSpans } from "./otlp/decode-protobuf.ts";
import type { OtelOrigin, OtelSpan } from "./otlp/otel-span.ts";
import { beginsTrace, placeSpansSteps, spanUuid, traceUuid } from "./otlp/place-spans.ts";
import { attachmentsOf, spanWriteOf } from "./otlp/span-write.ts";
import { runPaused, type Pause, type Steps } from "./steps.ts";

export interface IngestOtlpOptions {
  /** The project of spans that name none: the request's `Langsmith-Project` header. @default the store's default */
  project?: string | undefined;
  /**
   * Trace id to the span id (hex) of its root, for traces whose root came in an earlier request: what a stored root says
   * in its metadata's `OTEL_SPAN_ID`. Without it a root's later children name a parent that is not there.
   */
  knownRoots?: ReadonlyMap<string, string>;
  /** How to rest in the middle of a large body. @default a turn of the event loop */
  pause?: Pause;
}

/** Spans of an OTLP request, with what is needed to link them to those of other requests. */
export interface OtlpBatch extends IngestBatch {
  /**
   * Roots in this request. A root's run id is the trace's, so children that came before it name it by `childrenSay`
   * instead; they should be given `traceId` as their parent.
   */
  roots: { traceId: string; childrenSay: string }[];
}

/**
 * The decompressed body of `POST /v1/traces`: an `ExportTraceServiceRequest` as protobuf or JSON. Spans become runs by the
 * conventions of LangSmith, GenAI, OpenInference, OpenLLMetry, Logfire and the AI SDK.
 * @throws LoopsmithError `invalid` when the body as a whole cannot be read; a bad span only lands in `rejected`
 */
export async function ingestOtlp(
  body: Uint8Array,
  contentType: string | null | undefined,
  options: IngestOtlpOptions = {},
): Promise<OtlpBatch> {
  return runPaused(otlpSteps(body, otlpEncoding(contentType), options), options.pause);
}

/**
 * The answer OTLP asks for, in the request's encoding: empty, or a partial success that counts the refused spans.
 * @throws LoopsmithError `invalid` for a content type that is neither
 */
export function otlpAnswer(
  contentType: string | null | undefined,
  { rejected }: IngestBatch,
): { contentType: string; body: Uint8Array } {
  const message = rejected
    .slice(0, 5)
    .map((item) => `${item.item}: ${item.message}`)
    .join("; ");
  if (otlpEncoding(contentType) === "json") {
    const partialSuccess = { rejectedSpans: String(rejected.length), errorMessage: message };
    const answer = rejected.length > 0 ? { partialSuccess } : {};
    return { contentType: "application/json", body: Buffer.from(JSON.stringify(answer)) };
  }
  return {
    contentType: "application/x-protobuf",
    body: rejected.length > 0 ? partialSuccessBytes(rejected.length, message) : new Uint8Array(),
  };
}

/** ExportTraceServiceResponse { partial_success = 1 { rejected_spans = 1 (int64), error_message = 2 } }. */
function partialSuccessBytes(count: number, message: string): Uint8Array {
  const text = Buffer.from(message);
  const inner = Buffer.concat([Buffer.from([0x08]), varint(count), Buffer.from([0x12]), varint(text.length), text]);
  return Buffer.concat([Buffer.from([0x0a]), varint(inner.length), inner]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function otlpEncoding(contentType: string | null | undefined): "protobuf" | "json" {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-protobuf" || type === "application/protobuf" || type === "application/octet-stream") {
    return "protobuf";
  }
  if (type === "application/json") return "json";
  throw new LoopsmithError("invalid", `Content-Type ${JSON.stringify(type.slice(0, 80))} is no encoding of OTLP`, {
    hint: "Set the exporter's protocol to http/protobuf or http/json.",
    details: { field: "Content-Type", supported: ["application/x-protobuf", "application/json"] },
  });
}

/** What a span costs beside its bytes: most of the work is in its attributes, however short. */
const SPAN_COST = 4096;

function* otlpSteps(body: Uint8Array, encoding: "protobuf" | "json", options: IngestOtlpOptions): Steps<OtlpBatch> {
  const batch: OtlpBatch = { ...emptyBatch(), roots: [] };
  const arrived: { span: OtelSpan; origin: OtelOrigin; bytes: number }[] = [];
  let work = 0;
  const rest = (bytes: number): boolean => {
    work += bytes + SPAN_COST;
    if (work < PAUSE_EVERY_BYTES) return false;
    work = 0;
    return true;
  };
  let index = 0;
  for (const source of encoding === "json" ? jsonSpans(body) : protobufSpans(body)) {
    if (!source) {
      yield;
      continue;
    }
    try {
      arrived.push({ span: yield* source.read(), origin: source.origin, bytes: source.bytes });
    } catch (error) {
      reject(batch, `span[${index}]`, "", error);
    }
    index += 1;
    if (index > MAX_ITEMS) throw tooManyItems("body");
    if (rest(source.bytes)) yield;
  }
  const spans = arrived.map(({ span }) => span);
  const places = yield* placeSpansSteps(spans, options.knownRoots ?? new Map());
  for (const [position, { span, origin, bytes }] of arrived.entries()) {
    const place = places[position];
    if (!place) continue;
    batch.spans.push(spanWriteOf({ span, origin, place }, options.project));
    batch.attachments.push(...attachmentsOf(span, place.id));
    if (beginsTrace(span) && place.id === traceUuid(span.traceId)) {
      batch.roots.push({ traceId: place.traceId, childrenSay: spanUuid(span.spanId) });
    }
    if (rest(bytes)) yield;
  }
  return batch;
}
