import { isJsonObject } from "../../model/json.ts";
import type { Json } from "../../model/json.ts";

export interface Truncated {
  value: Json;
  /** Characters left out; 0 when nothing was. */
  leftOut: number;
}

/** Shorter than this a text is not worth cutting. */
const FLOOR = 200;
/** Deeper structure is cut off; no judge reads it. */
const MAX_DEPTH = 64;

/**
 * Fits a value into `maxChars` characters of text: long texts in it lose their middle, the longest most, and keep head
 * and tail, because questions stand first and answers last. What was left out is marked in place and counted.
 */
export function truncate(value: unknown, maxChars: number): Truncated {
  const texts: number[] = [];
  const plain = toJson(value, 0, (text) => {
    texts.push(text.length);
    return text;
  });
  const total = texts.reduce((sum, length) => sum + length, 0);
  const state = { leftOut: 0 };
  const cap = total <= maxChars ? Infinity : fairCap(texts, maxChars);
  const cut = cap === Infinity ? plain : toJson(plain, 0, (text) => middleOut(text, cap, state));
  const written = JSON.stringify(cut);
  // So many small parts that keys and brackets alone are too long: only the text of the whole can be cut then.
  if (written.length > 2 * maxChars + 1000)
    return { value: middleOut(written, maxChars, state), leftOut: state.leftOut };
  return { value: cut, leftOut: state.leftOut };
}

/** The length that every text may keep so that all together fit: short texts stay whole, long ones share the rest. */
function fairCap(lengths: readonly number[], budget: number): number {
  let left = budget;
  const sorted = [...lengths].sort((a, b) => a - b);
  for (const [index, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - index));
    if (length > share) return Math.max(FLOOR, share);
    left -= length;
  }
  return Infinity;
}

function middleOut(text: string, cap: number, state: { leftOut: number }): string {
  if (text.length <= cap) return text;
  const head = wholeHead(text.slice(0, Math.ceil(cap * 0.6)));
  const tail = wholeTail(text.slice(text.length - Math.floor(cap * 0.4)));
  const leftOut = text.length - head.length - tail.length;
  state.leftOut += leftOut;
  return `${head}\n[... ${leftOut} characters left out ...]\n${tail}`;
}

/** Without half a surrogate pair at the cut. */
function wholeHead(text: string): string {
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text;
}

function wholeTail(text: string): string {
  return /^[\uDC00-\uDFFF]/.test(text) ? text.slice(1) : text;
}

function toJson(value: unknown, depth: number, map: (text: string) => string): Json {
  if (typeof value === "string") return map(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "bigint") return String(value);
  if (depth >= MAX_DEPTH) return "[nested too deeply]";
  if (Array.isArray(value)) return value.map((item) => toJson(item, depth + 1, map));
  if (!isJsonObject(value)) return null;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, toJson(item, depth + 1, map)]));
}
