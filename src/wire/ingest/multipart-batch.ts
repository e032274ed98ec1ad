import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { AttachmentWrite } from "../../model/span-write.ts";
import { scanJson } from "../json-scan.ts";
import { multipartParts, type Part } from "../multipart.ts";
import type { Steps } from "../steps.ts";
import { emptyBatch, PAUSE_EVERY_BYTES, reject, type IngestBatch } from "./batch.ts";
import { feedbackOf } from "../ingest-feedback.ts";
import { parseSlice } from "./parse-slice.ts";
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
  const latest = new Map<string, PendingRun>();
  const runs: PendingRun[] = [];
  let work = 0;
  for (const part of multipartParts(body, contentType)) {
    addPart(batch, latest, runs, part);
    work += PART_COST;
    if (work > PAUSE_EVERY_BYTES) {
      work = 0;
      yield;
    }
  }
  for (const run of runs) {
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

function* writeSteps(run: PendingRun, receivedAt: number | undefined): ReturnType<typeof runWriteSteps> {
  const name = `${run.op}.${run.id}`;
  if (!run.main) throw fieldError(name, "is missing; only parts that belong to it are there");
  const json = yield* runJsonSteps(run.main, name);
  const payloads = { ...json.payloads, ...run.payloads };
  return yield* runWriteSteps({ fields: json.fields, payloads }, { op: run.op, id: run.id, receivedAt });
}

/** `runs` holds every run in order of arrival, `latest` the one that further parts of an id belong to. */
function addPart(batch: IngestBatch, latest: Map<string, PendingRun>, runs: PendingRun[], part: Part): void {
  const [kind = "", id = ""] = part.name.split(".", 2);
  const rest = part.name.slice(kind.length + id.length + 2);
  try {
    if (kind === "post" || kind === "patch") {
      const key = `${kind}.${id}`;
      let run = latest.get(key);
      if (!run || (rest === "" && run.main)) {
        run = { op: kind, id, main: undefined, payloads: {} };
        latest.set(key, run);
        runs.push(run);
      }
      if (rest === "") run.main = part.bytes;
      else if (isPayloadName(rest)) run.payloads[rest] = part.bytes;
      else throw fieldError(rest, "is no field of a run that comes as a part of its own");
    } else if (kind === "feedback") {
      batch.feedback.push(feedbackOf(objectOf(part), id));
    } else if (kind === "attachment") {
      batch.attachments.push(attachmentOf(part, id, rest));
    } else {
      throw fieldError(
        "name",
        "must begin with post, patch, attachment or feedback",
        "Send parts as LangSmith's clients do.",
      );
    }
  } catch (error) {
    reject(batch, part.name.slice(0, 200), kind === part.name ? "" : id, error);
  }
}

function isPayloadName(name: string): name is PayloadName {
  return (PAYLOAD_NAMES as readonly string[]).includes(name);
}

function objectOf(part: Part): JsonObject {
  scanJson(part.bytes, part.name);
  const value = parseSlice(part.bytes, part.name);
  if (!isJsonObject(value)) throw fieldError(part.name, "must be a JSON object");
  return value;
}

function attachmentOf(part: Part, spanId: string, name: string): AttachmentWrite {
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
