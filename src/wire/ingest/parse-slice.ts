import { LoopsmithError } from "../../model/errors.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import type { JsonShape } from "../json-scan.ts";

/** Most JSON that is ever parsed in one go: more would hold up the event loop. Payloads are not parsed at all. */
export const MAX_PARSED_BYTES = 4 * 1024 * 1024;

/** Elements of a list that are taken in one request: each costs memory beside its bytes. */
export const MAX_ITEMS = 25_000;

/**
 * The value of JSON bytes that a scan has found valid.
 * @throws LoopsmithError `too_large` for what is too long to be anything but a payload
 */
export function parseSlice(bytes: Uint8Array, what: string, maxBytes = MAX_PARSED_BYTES): Json {
  if (bytes.byteLength > maxBytes) {
    throw new LoopsmithError("too_large", `${what}: ${bytes.byteLength} bytes, over ${maxBytes}`, {
      hint: "Put large values into inputs, outputs or attachments.",
      details: { field: what, maxBytes },
    });
  }
  return JSON.parse(textOf(bytes)) as Json;
}

/** `parseSlice`, where anything but an object counts as absent. */
export function parseObjectSlice(bytes: Uint8Array | undefined, what: string): JsonObject | undefined {
  if (bytes === undefined) return undefined;
  const value = parseSlice(bytes, what);
  return isJsonObject(value) ? value : undefined;
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** The bytes of one member of a scanned object; the last where a key stands twice, as `JSON.parse` has it. */
export function memberOf(bytes: Uint8Array, { kind, offsets }: JsonShape, name: string): Uint8Array | undefined {
  if (kind !== "object") return undefined;
  for (let index = offsets.length - 4; index >= 0; index -= 4) {
    const length = (offsets[index + 1] as number) - (offsets[index] as number) - 2;
    // Escapes only make a key longer, so most keys are ruled out unread.
    if (length < name.length || keyAt(bytes, offsets, index) !== name) continue;
    return bytes.subarray(offsets[index + 2], offsets[index + 3]);
  }
  return undefined;
}

/**
 * The members of a scanned object as a value, as far as they fit: one after the other, each that is small enough for what
 * is left of `maxBytes`. For what only helps to find a payload that is kept whole elsewhere.
 */
export function fittingMembers(bytes: Uint8Array, { offsets }: JsonShape, maxBytes: number): JsonObject {
  let left = maxBytes;
  const fitting: [string, Json][] = [];
  for (let index = 0; index < offsets.length; index += 4) {
    const end = offsets[index + 3] as number;
    const size = end - (offsets[index] as number);
    if (size > left) continue;
    left -= size;
    const key = keyAt(bytes, offsets, index);
    fitting.push([key, parseSlice(bytes.subarray(offsets[index + 2], end), key)]);
  }
  // `fromEntries` defines properties instead of setting them, so `__proto__` stays a plain key.
  return Object.fromEntries(fitting);
}

/** Keys and value bytes of a scanned object, in order. */
export function* membersOf(bytes: Uint8Array, { offsets }: JsonShape): Generator<[key: string, value: Uint8Array]> {
  for (let index = 0; index < offsets.length; index += 4) {
    yield [keyAt(bytes, offsets, index), bytes.subarray(offsets[index + 2], offsets[index + 3])];
  }
}

function keyAt(bytes: Uint8Array, offsets: readonly number[], index: number): string {
  const raw = textOf(bytes.subarray((offsets[index] as number) + 1, (offsets[index + 1] as number) - 1));
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/**
 * The elements of a list that came as a request.
 * @throws LoopsmithError `too_large` for more than `MAX_ITEMS`
 */
export function listElements(bytes: Uint8Array, shape: JsonShape, what: string): Generator<Uint8Array> {
  if (shape.offsets.length > MAX_ITEMS * 2) throw tooManyItems(what);
  return elementsOf(bytes, shape);
}

export function tooManyItems(what: string): LoopsmithError {
  return new LoopsmithError("too_large", `${what}: more than ${MAX_ITEMS} items`, {
    hint: `Send at most ${MAX_ITEMS} items a request; official clients send 100.`,
    details: { field: what, maxItems: MAX_ITEMS },
  });
}

/** The value bytes of a scanned array, in order. */
export function* elementsOf(bytes: Uint8Array, { offsets }: JsonShape): Generator<Uint8Array> {
  for (let index = 0; index < offsets.length; index += 2) yield bytes.subarray(offsets[index], offsets[index + 1]);
}
