import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/**
 * Text that every database takes: NUL and lone surrogates become U+FFFD. Only for what is extracted into columns;
 * payload bytes stay as they came.
 */
export function cleanText(text: string): string {
  if (text.isWellFormed() && !text.includes("\0")) return text;
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

/** `cleanText` on every string and key of an object. Its depth must be known to be small. */
export function cleanObject(value: JsonObject): JsonObject {
  // `fromEntries` defines properties instead of setting them, so `__proto__` stays a plain key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [cleanText(key), item === undefined ? undefined : cleanJson(item)]),
  );
}

/** The same for any JSON. Numbers that JSON cannot write again (`1e999` reads as Infinity) become null. */
export function cleanJson(value: Json): Json {
  if (typeof value === "string") return cleanText(value);
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  if (Array.isArray(value)) return value.map(cleanJson);
  return isJsonObject(value) ? cleanObject(value) : value;
}
