import { isJsonObject, type Json } from "../../model/json.ts";
import type { AttachmentWrite } from "../../model/span-write.ts";
import { scanJsonSteps } from "../json-scan.ts";
import { parseJsonSteps } from "../parse-json-steps.ts";
import type { Steps } from "../steps.ts";
import { reject, type IngestBatch } from "./batch.ts";
import { elementsOf, memberOf, membersOf, parseSlice, textOf } from "./parse-slice.ts";
import { fieldError } from "./rejected.ts";

/** Base64 decoded in one step; a multiple of four. */
const STEP_CHARACTERS = 4 * 1024 * 1024;
const MAX_ATTACHMENTS = 1000;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const QUOTE = 0x22;

/**
 * Attachments inside a run's JSON, by name: what clients send for a run without `trace_id` or `dotted_order`. The Python client
 * sends `[mime type, base64]`; what becomes of a `Uint8Array` or `Buffer` of the JavaScript client in JSON is understood too.
 * One that cannot be read is refused by itself, and the run stays.
 */
export function* addAttachments(batch: IngestBatch, bytes: Uint8Array, spanId: string): Steps<void> {
  const shape = yield* scanJsonSteps(bytes, "attachments");
  if (shape.kind !== "object") {
    if (textOf(bytes.subarray(0, 16)).trim() === "null") return;
    reject(
      batch,
      `attachment.${spanId}`,
      spanId,
      fieldError("attachments", "must be an object of attachments by name"),
    );
    return;
  }
  if (shape.offsets.length > MAX_ATTACHMENTS * 4) {
    const error = fieldError("attachments", `more than ${MAX_ATTACHMENTS} of them`, "Send fewer with one run.");
    reject(batch, `attachment.${spanId}`, spanId, error);
    return;
  }
  for (const [name, value] of membersOf(bytes, shape)) {
    try {
      batch.attachments.push({ spanId, name, ...(yield* attachmentSteps(value, `attachments.${name.slice(0, 80)}`)) });
    } catch (error) {
      reject(batch, `attachment.${spanId}.${name.slice(0, 80)}`, spanId, error);
    }
  }
}

function* attachmentSteps(bytes: Uint8Array, field: string): Steps<Pick<AttachmentWrite, "mimeType" | "bytes">> {
  const shape = yield* scanJsonSteps(bytes, field);
  const [type, data] =
    shape.kind === "array"
      ? [...elementsOf(bytes, shape)]
      : [memberOf(bytes, shape, "mimeType") ?? memberOf(bytes, shape, "mime_type"), memberOf(bytes, shape, "data")];
  const mimeType = type && parseSlice(type, field);
  if (typeof mimeType !== "string" || data === undefined) throw unreadable(field);
  if (data[0] === QUOTE) return { mimeType, bytes: yield* base64Steps(data, field) };
  return { mimeType, bytes: bytesOf(yield* parseJsonSteps(data, field), field) };
}

function* base64Steps(quoted: Uint8Array, field: string): Steps<Uint8Array> {
  const text = quoted.includes(0x5c)
    ? (JSON.parse(textOf(quoted)) as string)
    : Buffer.from(quoted.buffer, quoted.byteOffset + 1, quoted.byteLength - 2).toString("latin1");
  const parts: Buffer[] = [];
  for (let at = 0; at < text.length; at += STEP_CHARACTERS) {
    const part = text.slice(at, at + STEP_CHARACTERS);
    const isLast = at + STEP_CHARACTERS >= text.length;
    if (!BASE64.test(part) || (!isLast && part.endsWith("="))) throw unreadable(field);
    parts.push(Buffer.from(part, "base64"));
    yield;
  }
  return Buffer.concat(parts);
}

/** A `Buffer` is `{ type: "Buffer", data: [...] }` in JSON, a `Uint8Array` its bytes by index. */
function bytesOf(value: Json, field: string): Uint8Array {
  const list = Array.isArray(value)
    ? value
    : isJsonObject(value) && Array.isArray(value["data"])
      ? value["data"]
      : isJsonObject(value)
        ? Object.values(value)
        : [];
  const isBytes = list.every((byte) => typeof byte === "number" && Number.isInteger(byte) && byte >= 0 && byte < 256);
  // An ArrayBuffer comes as {}: its bytes were lost on the way.
  if (list.length === 0 || !isBytes) throw unreadable(field);
  return Uint8Array.from(list as number[]);
}

function unreadable(field: string): Error {
  return fieldError(
    field,
    "must be [mime type, base64 of the bytes]",
    "Send the run with trace_id and dotted_order: official clients send attachments as they are then.",
  );
}
