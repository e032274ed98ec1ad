import { LoopsmithError } from "../model/errors.ts";
import { isUuid } from "../model/id.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { PAUSE_EVERY_BYTES } from "./ingest/batch.ts";
import { MAX_ITEMS, tooManyItems } from "./ingest/parse-slice.ts";
import { multipartParts, type Part } from "./multipart.ts";
import { MAX_LIST_BYTES, parseJsonSteps } from "./parse-json-steps.ts";
import { runPaused, type Pause, type Steps } from "./steps.ts";

/** An attachment that came along; its bytes are a view into the request's body. */
export interface UploadedAttachment {
  name: string;
  mimeType: string;
  bytes: Uint8Array;
}

/** One example of a multipart request. `undefined` means not sent. */
export interface ExampleUpload {
  id: string;
  /** The part named by the id alone, as it came: metadata, split, created_at, source_run_id and the like. */
  fields: JsonObject;
  inputs?: JsonObject;
  outputs?: JsonObject | null;
  attachments: UploadedAttachment[];
  attachmentOperations?: AttachmentOperations;
}

export interface AttachmentOperations {
  retain: string[];
  rename: Record<string, string>;
}

export interface UploadOptions {
  /** How to rest in the middle of a large body. @default a turn of the event loop */
  pause?: Pause;
  /** Hears of every JSON document, in bytes, before it becomes a value in memory; what it throws ends the reading. */
  onDocument?: (bytes: number) => void;
}

/**
 * The decompressed body of `POST` and `PATCH /v1/platform/datasets/{id}/examples`: parts `{id}`, `{id}.inputs`,
 * `{id}.outputs`, `{id}.attachment.{name}` and `{id}.attachments_operations`, in order of first appearance.
 * @throws LoopsmithError `invalid` naming the part that is wrong, `too_large`
 */
export function exampleUploads(
  body: Uint8Array,
  contentType: string | null | undefined,
  { pause, onDocument }: UploadOptions = {},
): Promise<ExampleUpload[]> {
  return runPaused(uploadSteps(body, contentType, onDocument), pause);
}

function* uploadSteps(
  body: Uint8Array,
  contentType: string | null | undefined,
  onDocument: UploadOptions["onDocument"],
): Steps<ExampleUpload[]> {
  const uploads = new Map<string, ExampleUpload>();
  let documentBytes = 0;
  let work = 0;
  for (const part of multipartParts(body, contentType)) {
    const dot = part.name.indexOf(".");
    const id = (dot === -1 ? part.name : part.name.slice(0, dot)).toLowerCase();
    if (!isUuid(id)) throw partError(part, "a part's name must begin with the id of its example, a UUID");
    let upload = uploads.get(id);
    if (!upload) uploads.set(id, (upload = { id, fields: {}, attachments: [] }));
    if (uploads.size > MAX_ITEMS) throw tooManyItems("body");
    const field = dot === -1 ? "" : part.name.slice(dot + 1);
    if (field.startsWith(ATTACHMENT)) {
      upload.attachments.push(attachmentOf(part, field.slice(ATTACHMENT.length)));
      continue;
    }
    documentBytes += part.bytes.byteLength;
    if (documentBytes > MAX_LIST_BYTES) throw tooManyBytes();
    onDocument?.(part.bytes.byteLength);
    yield* addDocument(upload, part, field);
    work += part.bytes.byteLength;
    if (work > PAUSE_EVERY_BYTES) {
      work = 0;
      yield;
    }
  }
  return [...uploads.values()];
}

const ATTACHMENT = "attachment.";

function attachmentOf(part: Part, name: string): UploadedAttachment {
  if (name === "") throw partError(part, "an attachment needs a name: {id}.attachment.{name}");
  const mimeType = part.contentType === "" ? "application/octet-stream" : part.contentType;
  return { name, mimeType, bytes: part.bytes };
}

function* addDocument(upload: ExampleUpload, part: Part, field: string): Steps<void> {
  const value = yield* parseJsonSteps(part.bytes, part.name);
  if (field === "outputs" && value === null) upload.outputs = null;
  else if (!isJsonObject(value)) throw partError(part, "must be a JSON object");
  else if (field === "") upload.fields = value;
  else if (field === "inputs") upload.inputs = value;
  else if (field === "outputs") upload.outputs = value;
  else if (field === "attachments_operations") upload.attachmentOperations = attachmentOperations(value);
  else throw partError(part, "an example has inputs, outputs, attachments and attachments_operations, but not this");
}

function tooManyBytes(): LoopsmithError {
  return new LoopsmithError("too_large", `the examples have over ${MAX_LIST_BYTES} bytes beside their attachments`, {
    hint: "Send fewer examples a request, and large content as attachments.",
    details: { maxBytes: MAX_LIST_BYTES },
  });
}

function partError(part: Part, message: string): LoopsmithError {
  const name = part.name.slice(0, 200);
  return new LoopsmithError("invalid", `${name}: ${message}`, {
    hint: "Send the parts as LangSmith's clients do.",
    details: { field: name },
  });
}

/**
 * `{ retain: [name], rename: { old: new } }`.
 * @throws LoopsmithError `invalid` when two attachments would end under one name
 */
export function attachmentOperations(value: JsonObject): AttachmentOperations {
  const retain = Array.isArray(value["retain"])
    ? value["retain"].filter((name): name is string => typeof name === "string")
    : [];
  const rename = isJsonObject(value["rename"]) ? value["rename"] : {};
  const targets = new Set(retain);
  for (const [from, to] of Object.entries(rename)) {
    if (typeof to !== "string" || to === "") throw operationsError(`rename.${from} must be the attachment's new name`);
    if (retain.includes(from)) throw operationsError(`${from} is both retained and renamed`);
    if (targets.has(to)) throw operationsError(`more than one attachment would be called ${to}`);
    targets.add(to);
  }
  return { retain, rename: rename as Record<string, string> };
}

function operationsError(message: string): LoopsmithError {
  return new LoopsmithError("invalid", `attachments_operations: ${message}`, {
    hint: "Name every attachment to keep once, in retain or in rename.",
    details: { field: "attachments_operations" },
  });
}
