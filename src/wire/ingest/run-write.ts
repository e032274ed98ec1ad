import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { SpanWrite } from "../../model/span-write.ts";
import { threadIdOf, type SpanStatus } from "../../model/trace.ts";
import { cleanObject, cleanText } from "../clean-text.ts";
import { scanJsonSteps, type JsonShape } from "../json-scan.ts";
import { MAX_DOCUMENT_BYTES } from "../parse-json-steps.ts";
import { dottedOrderTime, parseTime } from "../parse-time.ts";
import type { Steps } from "../steps.ts";
import { parseDottedOrder, type DottedOrder } from "./dotted-order.ts";
import {
  elementsOf,
  fittingMembers,
  MAX_PARSED_BYTES,
  memberOf,
  parseObjectSlice,
  parseSlice,
  textOf,
} from "./parse-slice.ts";
import { fieldError } from "./rejected.ts";
import { assertUuid, tagsField, textField, timeField, uuidField } from "./run-fields.ts";
import type { PayloadName, RunJson } from "./run-json.ts";
import { usageOfRun } from "./token-usage.ts";

/** LangSmith's run types; its server refuses others, and so do we. */
const RUN_TYPES: ReadonlySet<string> = new Set(["tool", "chain", "llm", "retriever", "embedding", "prompt", "parser"]);

export interface RunWriteOptions {
  op: "post" | "patch";
  /** The run's id from the part's name or the URL; the body's own must not differ. */
  id: string;
  /** Epoch ms that stands for the start of a posted run which tells none. @default such a run is refused */
  receivedAt?: number | undefined;
}

interface Payload {
  bytes: Uint8Array;
  shape: JsonShape;
}

/**
 * One run of LangSmith's ingest routes as a write.
 * @throws LoopsmithError `invalid` or `too_large`, naming the field
 */
export function* runWriteSteps(run: RunJson, { op, id, receivedAt }: RunWriteOptions): Steps<SpanWrite> {
  const { fields } = run;
  const write: SpanWrite = { op, id: ownId(fields, id) };
  const order = placeInTrace(write, fields);
  const startAt = timeField(fields, "start_time") ?? (order ? dottedOrderTime(order.text) : null) ?? receivedAt;
  if (op === "post") assertComplete(fields, startAt);
  if (startAt !== undefined && (op === "post" || startAt !== receivedAt)) write.startAt = startAt;
  addFields(write, fields);

  const { payloads } = run;
  const inputs = payloads.inputs && (yield* payload(payloads.inputs, "inputs"));
  const outputs = payloads.outputs && (yield* payload(payloads.outputs, "outputs"));
  const events = payloads.events && (yield* payload(payloads.events, "events"));
  const extra = payloads.extra && (yield* payload(payloads.extra, "extra"));
  const serialized = payloads.serialized && (yield* payload(payloads.serialized, "serialized"));
  if (inputs) write.inputs = inputs.shape.kind === "object" ? inputs.bytes : wrapped("input", inputs.bytes);
  if (outputs) write.outputs = outputs.shape.kind === "object" ? outputs.bytes : wrapped("output", outputs.bytes);
  if (serialized) write.serialized = serialized.bytes;
  if (events) addEvents(write, events);
  if (extra) yield* addExtra(write, extra);
  addError(write, run);
  const usage = usageOfRun(fields, write.metadata, outputs);
  if (usage) write.usage = usage;
  return write;
}

function ownId(fields: JsonObject, id: string): string {
  assertUuid(id, "id");
  const own = uuidField(fields, "id");
  if (own !== undefined && own !== null && own !== id.toLowerCase()) {
    throw fieldError("id", `${own} is not the id ${id} it was sent under`);
  }
  return id.toLowerCase();
}

function placeInTrace(write: SpanWrite, fields: JsonObject): DottedOrder | undefined {
  const text = textField(fields, "dotted_order");
  const order = text === undefined || text === "" ? undefined : parseDottedOrder(text);
  const traceId = uuidField(fields, "trace_id") ?? undefined;
  const parentId = uuidField(fields, "parent_run_id");
  if (order && order.runId !== write.id) {
    throw fieldError("dotted_order", `ends with ${order.runId}, not with the run's id ${write.id}`);
  }
  if (order && traceId !== undefined && traceId !== order.traceId) {
    throw fieldError("trace_id", `${traceId} is not the first id of the dotted order, ${order.traceId}`);
  }
  if (parentId === write.id) throw fieldError("parent_run_id", "a run cannot be its own parent");
  const trace = order?.traceId ?? traceId;
  const parent = parentId ?? (order ? order.parentId : parentId);
  if (order) write.dottedOrder = order.text;
  if (trace !== undefined) write.traceId = trace;
  if (parent !== undefined) write.parentId = parent;
  return order;
}

function assertComplete(fields: JsonObject, startAt: number | undefined): void {
  for (const field of ["name", "run_type"]) {
    if (textField(fields, field) === undefined) throw fieldError(field, "is missing");
  }
  if (startAt === undefined) {
    throw fieldError("start_time", "is missing", "Send start_time, or a dotted_order that holds it.");
  }
}

function addFields(write: SpanWrite, fields: JsonObject): void {
  const name = textField(fields, "name");
  const kind = textField(fields, "run_type")?.toLowerCase();
  const endAt = timeField(fields, "end_time");
  const tags = tagsField(fields);
  const projectId = uuidField(fields, "session_id") ?? undefined;
  const projectName = textField(fields, "session_name");
  const exampleId = uuidField(fields, "reference_example_id") ?? undefined;
  if (kind !== undefined && !RUN_TYPES.has(kind)) {
    throw fieldError("run_type", `${JSON.stringify(kind.slice(0, 80))} is none of ${[...RUN_TYPES].join(", ")}`);
  }
  if (name !== undefined) write.name = name;
  if (kind !== undefined) write.kind = kind;
  if (endAt !== undefined) write.endAt = endAt;
  if (tags !== undefined) write.tags = tags;
  if (projectId !== undefined) write.projectId = projectId;
  if (projectName !== undefined && projectName !== "") write.projectName = projectName;
  if (exampleId !== undefined) write.referenceExampleId = exampleId;
  const status = statusOf(fields["status"]);
  if (status !== undefined) write.status = status;
}

function statusOf(value: Json | undefined): SpanStatus | undefined {
  const status = typeof value === "string" ? value.toLowerCase() : undefined;
  return status === "success" || status === "error" || status === "pending" ? status : undefined;
}

/** A payload that was sent and is not null, checked. */
function* payload(bytes: Uint8Array, name: PayloadName): Steps<Payload | undefined> {
  const shape = yield* scanJsonSteps(bytes, name);
  return shape.kind === "scalar" && isNull(bytes) ? undefined : { bytes, shape };
}

function isNull(bytes: Uint8Array): boolean {
  return bytes.byteLength < 64 && textOf(bytes).trim() === "null";
}

/** LangSmith's clients wrap what is no object the same way. It takes a copy, so it is not for all that a body may hold. */
function wrapped(key: "input" | "output", bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) {
    throw new LoopsmithError("too_large", `${key}s: ${bytes.byteLength} bytes that are no object`, {
      hint: `Send them as an object, {"${key}": ...}, as official clients do.`,
      details: { field: `${key}s`, maxBytes: MAX_DOCUMENT_BYTES },
    });
  }
  return Buffer.concat([Buffer.from(`{"${key}":`), bytes, Buffer.from("}")]);
}

function addEvents(write: SpanWrite, { bytes, shape }: Payload): void {
  if (shape.kind !== "array") throw fieldError("events", "must be a list of events");
  write.events = bytes;
  const firstTokenAt = firstTokenTime(bytes, shape);
  if (firstTokenAt !== null) write.firstTokenAt = firstTokenAt;
}

/** LangSmith takes the time of the first `new_token` event as the time to first token. */
function firstTokenTime(bytes: Uint8Array, shape: JsonShape): number | null {
  const mark = Buffer.from('"new_token"');
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(mark)) return null;
  for (const element of elementsOf(bytes, shape)) {
    if (!Buffer.from(element.buffer, element.byteOffset, element.byteLength).includes(mark)) continue;
    if (element.byteLength > MAX_PARSED_BYTES) continue;
    const event = parseSlice(element, "events");
    if (isJsonObject(event) && event["name"] === "new_token") return parseTime(event["time"]);
  }
  return null;
}

function* addExtra(write: SpanWrite, { bytes, shape }: Payload): Steps<void> {
  if (shape.kind !== "object") throw fieldError("extra", "must be a JSON object");
  write.extra = bytes;
  const metadata = yield* metadataSteps(memberOf(bytes, shape, "metadata"));
  if (metadata) {
    // Without an escape there is neither NUL nor a lone surrogate in it.
    write.metadata = bytes.includes(0x5c) ? cleanObject(metadata) : metadata;
    const threadId = threadIdOf(write.metadata);
    if (threadId !== null) write.threadId = threadId;
  }
  const model = modelIn(write.metadata, ["ls_model_name"]) ?? modelIn(invocationParams(bytes, shape), MODEL_PARAMETERS);
  if (model !== undefined) write.model = cleanText(model);
}

/** Metadata that runs can be found by, where there is more than is parsed in one go. */
const FOUND_BY_BYTES = 1024 * 1024;

/** Of very much metadata what fits; all of it stays in `extra`. */
function* metadataSteps(bytes: Uint8Array | undefined): Steps<JsonObject | undefined> {
  if (bytes === undefined || bytes.byteLength <= MAX_PARSED_BYTES) return parseObjectSlice(bytes, "extra.metadata");
  const shape = yield* scanJsonSteps(bytes, "extra.metadata");
  return shape.kind === "object" ? fittingMembers(bytes, shape, FOUND_BY_BYTES) : undefined;
}

const MODEL_PARAMETERS = ["model", "model_name", "model_id", "deployment_name"];

function invocationParams(bytes: Uint8Array, shape: JsonShape): JsonObject | undefined {
  const parameters = memberOf(bytes, shape, "invocation_params");
  if (parameters && parameters.byteLength > MAX_PARSED_BYTES) return undefined;
  return parseObjectSlice(parameters, "extra.invocation_params");
}

function modelIn(object: JsonObject | undefined, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object?.[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** An error is text; older clients send it unquoted, newer ones as JSON. */
function addError(write: SpanWrite, { fields, payloads }: RunJson): void {
  const bytes = payloads.error;
  if (bytes === undefined) {
    if (fields["error"] === null) write.error = null;
    return;
  }
  const text = textOf(bytes);
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // The bytes are the message themselves.
  }
  if (value === null) write.error = null;
  else write.error = cleanText(typeof value === "string" ? value : text);
}
