import { isUuid } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import { cleanText } from "../clean-text.ts";
import { parseTime } from "../parse-time.ts";
import { fieldError } from "./rejected.ts";

/** Text of a field; `undefined` when absent or null. @throws LoopsmithError `invalid` */
export function textField(fields: JsonObject, field: string): string | undefined {
  const value = fields[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw fieldError(field, "must be a string");
  return cleanText(value);
}

/** A UUID in lower case; `undefined` when absent, `null` when sent as null. @throws LoopsmithError `invalid` */
export function uuidField(fields: JsonObject, field: string): string | null | undefined {
  const value = fields[field];
  if (value === undefined || value === null) return value;
  if (!isUuid(value)) throw fieldError(field, `${shown(value)} is not a UUID`);
  return value.toLowerCase();
}

/** Epoch ms; `undefined` when absent, `null` when sent as null. @throws LoopsmithError `invalid` */
export function timeField(fields: JsonObject, field: string): number | null | undefined {
  const value = fields[field];
  if (value === undefined || value === null) return value;
  const at = parseTime(value);
  if (at !== null) return at;
  throw fieldError(field, `${shown(value)} is not a time`, "Send ISO 8601 text or epoch milliseconds.");
}

/** Tags; `undefined` when absent or null. @throws LoopsmithError `invalid` */
export function tagsField(fields: JsonObject): string[] | undefined {
  const value = fields["tags"];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw fieldError("tags", "must be a list of strings");
  return value.map((tag) => {
    if (typeof tag !== "string") throw fieldError("tags", `${shown(tag)} is not a string`);
    return cleanText(tag);
  });
}

/** @throws LoopsmithError `invalid` */
export function assertUuid(value: string, field: string): void {
  if (!isUuid(value)) throw fieldError(field, value === "" ? "is missing" : `${shown(value)} is not a UUID`);
}

function shown(value: unknown): string {
  const text =
    typeof value === "string" ? JSON.stringify(value) : typeof value === "number" ? String(value) : typeof value;
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
