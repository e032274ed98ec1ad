import { LoopsmithError } from "../model/errors.ts";
import type { Steps } from "./steps.ts";

/** Levels of nesting a payload may have. `JSON.parse` takes any number, but writing such a value out again overflows. */
export const MAX_JSON_DEPTH = 256;

/** Bytes scanned before the caller may do something else. */
const PAUSE_EVERY_BYTES = 128 * 1024;

/** What a scan tells of a JSON text without building it. */
export interface JsonShape {
  kind: "object" | "array" | "scalar";
  /**
   * Offsets of what the outermost container holds: key start, key end, value start, value end for each member of an
   * object (keys with their quotes), value start and value end for each element of an array. Only of the first
   * `maxOffsets / 4` members or `maxOffsets / 2` elements.
   */
  offsets: number[];
  /** Whether `offsets` has all of them. */
  isWhole: boolean;
  /** Objects and arrays in it, itself included. */
  containers: number;
}

/**
 * Checks that the bytes are one JSON text, nested at most `MAX_JSON_DEPTH` deep, without recursion and without building
 * anything. `what` names the text in errors. Blocks until done; meant for texts of up to a few megabytes.
 * @throws LoopsmithError `invalid` with the position of what is wrong
 */
export function scanJson(bytes: Uint8Array, what: string): JsonShape {
  const scan = newScan(bytes, what, SHARED_STACK);
  advance(scan, bytes.length);
  return scan;
}

/** `scanJson` for texts of any size: rests after every 128 KiB. `maxOffsets` is how many offsets it keeps at most. */
export function* scanJsonSteps(bytes: Uint8Array, what: string, maxOffsets = MAX_OFFSETS): Steps<JsonShape> {
  if (bytes.length <= PAUSE_EVERY_BYTES) return scanJson(bytes, what);
  const scan = newScan(bytes, what, new Uint8Array(MAX_JSON_DEPTH + 1), maxOffsets);
  while (!advance(scan, scan.at + PAUSE_EVERY_BYTES)) yield;
  return scan;
}

/** Offsets kept: a text of nothing but commas would otherwise take many times its size. */
const MAX_OFFSETS = 200_000;

/** What may come next. */
const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const KEY = 2;
const KEY_OR_CLOSE = 3;
const COLON = 4;
const COMMA_OR_CLOSE = 5;
const NOTHING = 6;
const KEY_TEXT = 7;
const VALUE_TEXT = 8;

interface Scan extends JsonShape {
  bytes: Uint8Array;
  what: string;
  at: number;
  expect: number;
  depth: number;
  /** Per level: 1 in an object, 0 in an array. */
  stack: Uint8Array;
  maxOffsets: number;
}

/** Scans that never rest cannot overlap, so they share one. */
const SHARED_STACK = new Uint8Array(MAX_JSON_DEPTH + 1);

/** Bytes of a string that need no look: everything but controls, quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte >= 0x20 && byte !== 0x22 && byte !== 0x5c));
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => Number(/[0-9a-fA-F]/.test(String.fromCharCode(byte))));
const ESCAPABLE = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number('"\\/bfnrt'.includes(String.fromCharCode(byte))),
);

function newScan(bytes: Uint8Array, what: string, stack: Uint8Array, maxOffsets = MAX_OFFSETS): Scan {
  return {
    bytes,
    what,
    at: 0,
    expect: VALUE,
    depth: 0,
    stack,
    maxOffsets,
    kind: "scalar",
    offsets: [],
    isWhole: true,
    containers: 0,
  };
}

/** Goes on until `limit` (or a token later) and says whether the text is done. */
function advance(scan: Scan, limit: number): boolean {
  const { bytes, stack } = scan;
  const end = bytes.length;
  const stop = Math.min(limit, end);
  let { at, expect, depth } = scan;
  while (at < stop) {
    if (expect === KEY_TEXT || expect === VALUE_TEXT) {
      at = behindPlain(bytes, at, stop);
      if (at >= stop) break;
      if (bytes[at] === 0x5c) {
        at = behindEscape(scan, at);
        continue;
      }
      if (bytes[at] !== 0x22) throw broken(scan, at, "a control character in a string");
      at++;
      if (depth === 1) keep(scan, at);
      expect = expect === KEY_TEXT ? COLON : depth === 0 ? NOTHING : COMMA_OR_CLOSE;
      continue;
    }
    const byte = bytes[at] as number;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      at++;
      continue;
    }
    if (expect === COMMA_OR_CLOSE && byte === 0x2c) {
      expect = stack[depth] === 1 ? KEY : VALUE;
      at++;
    } else if (expect === COLON && byte === 0x3a) {
      expect = VALUE;
      at++;
    } else if (byte === 0x22 && (expect === KEY || expect === KEY_OR_CLOSE)) {
      if (depth === 1) keep(scan, at);
      expect = KEY_TEXT;
      at++;
    } else if (expect === VALUE || (expect === VALUE_OR_CLOSE && byte !== 0x5d)) {
      if (depth === 1) keep(scan, at);
      if (byte === 0x22) {
        expect = VALUE_TEXT;
        at++;
      } else if (byte === 0x7b || byte === 0x5b) {
        if (depth === 0) scan.kind = byte === 0x7b ? "object" : "array";
        if (++depth > MAX_JSON_DEPTH) throw tooDeep(scan, at);
        scan.containers++;
        stack[depth] = byte === 0x7b ? 1 : 0;
        expect = byte === 0x7b ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
        at++;
      } else {
        at = behindScalar(scan, at, byte);
        if (depth === 1) keep(scan, at);
        expect = depth === 0 ? NOTHING : COMMA_OR_CLOSE;
      }
    } else if (closes(byte, expect, stack[depth] as number)) {
      at++;
      if (--depth === 1) keep(scan, at);
      expect = depth === 0 ? NOTHING : COMMA_OR_CLOSE;
    } else {
      throw broken(scan, at, "an unexpected character");
    }
  }
  scan.at = at;
  scan.expect = expect;
  scan.depth = depth;
  if (at < end) return false;
  if (expect !== NOTHING) throw broken(scan, at, "it ends in the middle");
  return true;
}

/** Eight bytes at a time: most of a payload is text, so most of the work is here. */
function behindPlain(bytes: Uint8Array, start: number, stop: number): number {
  let at = start;
  for (; at + 8 <= stop; at += 8) {
    const all =
      (PLAIN[bytes[at] as number] as number) &
      (PLAIN[bytes[at + 1] as number] as number) &
      (PLAIN[bytes[at + 2] as number] as number) &
      (PLAIN[bytes[at + 3] as number] as number) &
      (PLAIN[bytes[at + 4] as number] as number) &
      (PLAIN[bytes[at + 5] as number] as number) &
      (PLAIN[bytes[at + 6] as number] as number) &
      (PLAIN[bytes[at + 7] as number] as number);
    if (all === 0) break;
  }
  while (at < stop && PLAIN[bytes[at] as number] === 1) at++;
  return at;
}

/** Four offsets make a member and two an element, so what is kept ends with a whole one. */
function keep(scan: Scan, at: number): void {
  if (scan.offsets.length < scan.maxOffsets) scan.offsets.push(at);
  else scan.isWhole = false;
}

function closes(byte: number, expect: number, container: number): boolean {
  if (expect !== COMMA_OR_CLOSE && expect !== KEY_OR_CLOSE && expect !== VALUE_OR_CLOSE) return false;
  return byte === (container === 1 ? 0x7d : 0x5d);
}

function behindEscape(scan: Scan, at: number): number {
  const { bytes } = scan;
  const escaped = bytes[at + 1] ?? 0;
  if (ESCAPABLE[escaped] === 1) return at + 2;
  if (escaped === 0x75) {
    for (let digit = at + 2; digit < at + 6; digit++) {
      if (HEX[bytes[digit] ?? 0] !== 1) throw broken(scan, at, "an incomplete \\u escape");
    }
    return at + 6;
  }
  throw broken(scan, at, "an unknown escape");
}

const LITERALS = new Map([
  [0x74, Buffer.from("true")],
  [0x66, Buffer.from("false")],
  [0x6e, Buffer.from("null")],
]);

function behindScalar(scan: Scan, at: number, first: number): number {
  if (first === 0x2d || isDigit(first)) return behindNumber(scan, at);
  const literal = LITERALS.get(first);
  if (!literal) throw broken(scan, at, "an unexpected character");
  for (let index = 1; index < literal.length; index++) {
    if (scan.bytes[at + index] !== literal[index]) throw broken(scan, at, "an unknown word");
  }
  return at + literal.length;
}

function behindNumber(scan: Scan, start: number): number {
  const { bytes } = scan;
  let at = bytes[start] === 0x2d ? start + 1 : start;
  if (bytes[at] === 0x30) at++;
  else at = behindDigits(scan, at);
  if (bytes[at] === 0x2e) at = behindDigits(scan, at + 1);
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    at++;
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
    at = behindDigits(scan, at);
  }
  return at;
}

function behindDigits(scan: Scan, start: number): number {
  let at = start;
  while (isDigit(scan.bytes[at] ?? 0)) at++;
  if (at === start) throw broken(scan, at, "an incomplete number");
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function broken(scan: Scan, at: number, reason: string): LoopsmithError {
  return new LoopsmithError("invalid", `${scan.what}: not valid JSON, ${reason} at byte ${at}`, {
    hint: "Send JSON as RFC 8259 defines it: no NaN or Infinity, no trailing commas, control characters escaped.",
    details: { field: scan.what, position: at },
  });
}

function tooDeep(scan: Scan, at: number): LoopsmithError {
  return new LoopsmithError("invalid", `${scan.what}: nested deeper than ${MAX_JSON_DEPTH} levels at byte ${at}`, {
    hint: "Flatten the value, or send it as a JSON string.",
    details: { field: scan.what, position: at, maxDepth: MAX_JSON_DEPTH },
  });
}
