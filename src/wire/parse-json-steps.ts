import { LoopsmithError } from "../model/errors.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { textOf } from "./ingest/parse-slice.ts";
import { scanJsonSteps, type JsonShape } from "./json-scan.ts";
import type { Steps } from "./steps.ts";

/** Most bytes of one JSON document that becomes a value in memory: what LangSmith's clients send in a request at most. */
export const MAX_DOCUMENT_BYTES = 20 * 1024 * 1024;

/** Most bytes of all documents of one request that become values in memory. */
export const MAX_LIST_BYTES = 2 * MAX_DOCUMENT_BYTES;

/** Objects and arrays of one document: an empty one takes 2 bytes as text and 30 times that in memory. */
const MAX_CONTAINERS = 1_000_000;

/** Parsed in one go; more would hold up the event loop. */
export const AT_ONCE_BYTES = 512 * 1024;

/** Offsets kept of one container, four a member: more than such a document can hold of anything but tiny values. */
const MAX_OFFSETS = 8_000_000;

/** Levels at which large values are taken apart: each of them costs one more look at all of it. */
const SPLIT_LEVELS = 8;

/**
 * `JSON.parse` with rests, for documents of any size up to `MAX_DOCUMENT_BYTES`: containers are taken apart until their
 * pieces are small. `what` names the document in errors.
 * @throws LoopsmithError `invalid` with the position of what is wrong, `too_large`
 */
export function* parseJsonSteps(bytes: Uint8Array, what: string): Steps<Json> {
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) throw tooLarge(bytes, what);
  const shape = yield* scanJsonSteps(bytes, what, MAX_OFFSETS);
  if (shape.containers > MAX_CONTAINERS) throw tooMany(what);
  if (bytes.byteLength <= AT_ONCE_BYTES) return parse(textOf(bytes));
  return yield* pieceSteps(bytes, shape, what, 1);
}

function* pieceSteps(bytes: Uint8Array, shape: JsonShape, what: string, level: number): Steps<Json> {
  yield;
  // One long string is copied, which is fast.
  if (shape.kind === "scalar") return parse(textOf(bytes));
  if (level > SPLIT_LEVELS || !shape.isWhole) throw tooLarge(bytes, what);
  return shape.kind === "array"
    ? yield* arraySteps(bytes, shape, what, level)
    : yield* objectSteps(bytes, shape, what, level);
}

function* arraySteps(bytes: Uint8Array, shape: JsonShape, what: string, level: number): Steps<Json[]> {
  const values: Json[] = [];
  for (const [from, to] of runs(shape.offsets, 2)) {
    const start = shape.offsets[from] as number;
    const end = shape.offsets[to - 1] as number;
    if (end - start > AT_ONCE_BYTES) values.push(yield* memberSteps(bytes.subarray(start, end), what, level));
    else for (const value of parse(`[${textOf(bytes.subarray(start, end))}]`) as Json[]) values.push(value);
    yield;
  }
  return values;
}

function* objectSteps(bytes: Uint8Array, shape: JsonShape, what: string, level: number): Steps<JsonObject> {
  const object: JsonObject = {};
  // Defined, not set: `__proto__` is a key like any other.
  const define = (key: string, value: Json): void => {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  };
  for (const [from, to] of runs(shape.offsets, 4)) {
    const start = shape.offsets[from] as number;
    const end = shape.offsets[to - 1] as number;
    if (end - start > AT_ONCE_BYTES) {
      const key = parse(textOf(bytes.subarray(start, shape.offsets[from + 1]))) as string;
      define(key, yield* memberSteps(bytes.subarray(shape.offsets[from + 2], end), what, level));
    } else {
      const part = parse(`{${textOf(bytes.subarray(start, end))}}`) as JsonObject;
      for (const [key, value] of Object.entries(part)) define(key, value as Json);
    }
    yield;
  }
  return object;
}

function* memberSteps(bytes: Uint8Array, what: string, level: number): Steps<Json> {
  return yield* pieceSteps(bytes, yield* scanJsonSteps(bytes, what, MAX_OFFSETS), what, level + 1);
}

/** Neighbours that are small together, and what is large alone: ranges of the offsets, `width` of which make a member. */
function* runs(offsets: readonly number[], width: number): Generator<[from: number, to: number]> {
  let from = 0;
  for (let at = 0; at < offsets.length; at += width) {
    const end = offsets[at + width - 1] as number;
    if (at > from && end - (offsets[from] as number) > AT_ONCE_BYTES) {
      yield [from, at];
      from = at;
    }
  }
  if (from < offsets.length) yield [from, offsets.length];
}

function parse(text: string): Json {
  return JSON.parse(text) as Json;
}

function tooMany(what: string): LoopsmithError {
  return new LoopsmithError("too_large", `${what}: holds over ${MAX_CONTAINERS} objects and arrays`, {
    hint: "Send it in several documents, or as an attachment.",
    details: { field: what, maxContainers: MAX_CONTAINERS },
  });
}

/** What a document that is too large is refused with. */
export function tooLarge(bytes: Uint8Array, what: string): LoopsmithError {
  return new LoopsmithError(
    "too_large",
    `${what}: ${bytes.byteLength} bytes are too much, or nested too deeply for that`,
    {
      hint: `Send documents of at most ${MAX_DOCUMENT_BYTES} bytes, and large files as attachments.`,
      details: { field: what, maxBytes: MAX_DOCUMENT_BYTES },
    },
  );
}
