import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { AttachmentWrite } from "../../model/span-write.ts";
import { multipartParts, type Part } from "../multipart.ts";
import { parseJsonSteps } from "../parse-json-steps.ts";
import type { Steps } from "../steps.ts";
import { emptyBatch, itemsOf, PAUSE_EVERY_BYTES, reject, type IngestBatch } from "./batch.ts";
import { feedbackOf } from "../ingest-feedback.ts";
import { MAX_ITEMS, tooManyItems } from "./parse-slice.ts";
import { fieldError } from "./rejected.ts";
import { assertUuid } from "./run-fields.ts";
import { PAYLOAD_NAMES, runJsonSteps, type PayloadName, type Payloads } from "./run-json.ts";
import { runWriteSteps } from "./run-write.ts";

/** A run whose parts are being gathered: they may come in any order. */
interface PendingRun {
  op: "post" | "patch";
  id: string;
  main: Uint8Array | undefined;
  payloads: Payloads;
}

/** What a part costs beside its bytes. */
const PART_COST = 1024;

/** `/runs/multipart`: parts `post.<id>[.field]`, `patch.<id>[.field]`, `attachment.<id>.<name>`, `feedback.<id>`. */
export function* multipartBatchSteps(
  body: Uint8Array,
  contentType: string | null | undefined,
  receivedAt: number | undefined,
): Steps<IngestBatch> {
  const batch = emptyBatch();
  const gathering: Gathering = { runs: [], latest: { post: new Map(), patch: new Map() } };
  let work = 0;
  for (const part of multipartParts(body, contentType)) {
    const name = nameOf(part);
    try {
      if (name.kind === "post" || name.kind === "patch") addToRun(gathering, name.kind, name, part);
      else if (name.kind === "feedback") batch.feedback.push(feedbackOf(yield* objectSteps(part), name.id));
      else if (name.kind === "attachment") batch.attachments.push(attachmentOf(part, name));
      else throw fieldError("name", "must begin with post, patch, attachment or feedback", AS_CLIENTS_DO);
    } catch (error) {
      reject(batch, part.name.slice(0, 200), name.id, error);
    }
    if (itemsOf(batch) + gathering.runs.length > MAX_ITEMS) throw tooManyItems("body");
    work += PART_COST;
    if (work > PAUSE_EVERY_BYTES) {
      work = 0;
      yield;
    }
  }
  for (const run of gathering.runs) {
    try {
      batch.spans.push(yield* writeSteps(run, receivedAt));
    } catch (error) {
      reject(batch, `${run.op}.${run.id}`, run.id, error);
    }
    work += sizeOf(run);
    if (work > PAUSE_EVERY_BYTES) {
      work = 0;
      yield;
    }
  }
  dropOrphans(batch);
  return batch;
}

const AS_CLIENTS_DO = "Send parts as LangSmith's clients do.";

interface PartName {
  kind: string;
  id: string;
  /** What follows the id: a field's or an attachment's name. */
  rest: string;
}

function nameOf({ name }: Part): PartName {
  const first = name.indexOf(".");
  if (first === -1) return { kind: name, id: "", rest: "" };
  const kind = name.slice(0, first);
  const second = name.indexOf(".", first + 1);
  if (second === -1) return { kind, id: name.slice(first + 1), rest: "" };
  return { kind, id: name.slice(first + 1, second), rest: name.slice(second + 1) };
}

/** Every run in order of arrival, and the one that further parts of an id belong to. */
interface Gathering {
  runs: PendingRun[];
  latest: Record<PendingRun["op"], Map<string, PendingRun>>;
}

function addToRun({ runs, latest }: Gathering, op: PendingRun["op"], { id, rest }: PartName, part: Part): void {
  let run = latest[op].get(id);
  if (!run || (rest === "" && run.main)) {
    run = { op, id, main: undefined, payloads: {} };
    latest[op].set(id, run);
    runs.push(run);
  }
  if (rest === "") run.main = part.bytes;
  else if (isPayloadName(rest)) run.payloads[rest] = part.bytes;
  else throw fieldError(rest, "is no field of a run that comes as a part of its own");
}

function* writeSteps(run: PendingRun, receivedAt: number | undefined): ReturnType<typeof runWriteSteps> {
  const name = `${run.op}.${run.id}`;
  if (!run.main) throw fieldError(name, "is missing; only parts that belong to it are there");
  const json = yield* runJsonSteps(run.main, name);
  const payloads = { ...json.payloads, ...run.payloads };
  return yield* runWriteSteps({ fields: json.fields, payloads }, { op: run.op, id: run.id, receivedAt });
}

function isPayloadName(name: string): name is PayloadName {
  return (PAYLOAD_NAMES as readonly string[]).includes(name);
}

function* objectSteps(part: Part): Steps<JsonObject> {
  const value = yield* parseJsonSteps(part.bytes, part.name);
  if (!isJsonObject(value)) throw fieldError(part.name, "must be a JSON object");
  return value;
}

function attachmentOf(part: Part, { id: spanId, rest: name }: PartName): AttachmentWrite {
  assertUuid(spanId, "id");
  if (name === "") throw fieldError("name", "an attachment needs a name: attachment.<run id>.<name>");
  const mimeType = part.contentType === "" ? "application/octet-stream" : part.contentType;
  return { spanId: spanId.toLowerCase(), name, mimeType, bytes: part.bytes };
}

function sizeOf(run: PendingRun): number {
  let bytes = PART_COST + (run.main?.byteLength ?? 0);
  for (const name of PAYLOAD_NAMES) bytes += run.payloads[name]?.byteLength ?? 0;
  return bytes;
}

/** A refused run takes its attachments with it: the client sends them again together. */
function dropOrphans(batch: IngestBatch): void {
  if (batch.rejected.length === 0 || batch.attachments.length === 0) return;
  const accepted = new Set(batch.spans.map((span) => span.id));
  const refused = new Set(batch.rejected.map((item) => item.id.toLowerCase()).filter((id) => !accepted.has(id)));
  batch.attachments = batch.attachments.filter((attachment) => !refused.has(attachment.spanId));
}
