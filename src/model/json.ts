/** Any JSON value. Trace payloads are data: nothing in them is ever executed, dereferenced or used as a destination. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A payload as the object a span holds; anything else that was sent in its place is kept under `value`. `null` for nothing. */
export function payloadObject(payload: unknown): JsonObject | null {
  if (payload === null || payload === undefined) return null;
  return isJsonObject(payload) ? payload : { value: payload as Json };
}
