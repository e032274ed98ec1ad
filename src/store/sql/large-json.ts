import type { Json, JsonObject } from "../../model/json.ts";
import { jsonTextSteps } from "../../wire/json-text-steps.ts";
import { MAX_DOCUMENT_BYTES, parseJsonSteps } from "../../wire/parse-json-steps.ts";
import { runPaused } from "../../wire/steps.ts";
import { jsonOrNull, parseJson } from "./columns.ts";

/** Shorter texts are parsed in one go. */
const LARGE = 1024 * 1024;

/** `jsonOrNull` that lets others have their turn while a large value is written. */
export function largeJsonOrNull(value: Json | undefined): Promise<string | null> | string | null {
  return typeof value === "object" && value !== null ? runPaused(jsonTextSteps(value)) : jsonOrNull(value);
}

/** `parseJson` that lets others have their turn while a large text is read. */
export async function parseLargeJson(text: string | null): Promise<Json> {
  if (text === null || text.length < LARGE) return parseJson(text);
  const bytes = Buffer.from(text);
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) return parseJson(text);
  try {
    return await runPaused(parseJsonSteps(bytes, "stored"));
  } catch {
    // Too finely nested to be taken apart; what is stored can be read all the same.
    return parseJson(text);
  }
}

/** {@link parseLargeJson} of what is known to hold an object. */
export async function parseLargeObject(text: string): Promise<JsonObject> {
  return (await parseLargeJson(text)) as JsonObject;
}
