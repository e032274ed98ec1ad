import { isJsonObject } from "../../model/json.ts";

/** Field names that carry what was said, best first: plain answers, messages, documents, LangChain's serialised forms. */
const SPOKEN = ["content", "text", "page_content", "output", "answer", "response", "result", "completion", "message"];

/** Deeper than any payload worth reading; the rest is cut. */
const MAX_DEPTH = 32;

/**
 * What a payload says, as text: strings as they are, messages and documents by their content, lists joined by lines,
 * other objects by every text and number in them. Structure, ids and roles are left out where a spoken field exists.
 */
export function textOf(value: unknown): string {
  return collect(value, 0).join("\n");
}

function collect(value: unknown, depth: number): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  if (typeof value === "number" || typeof value === "boolean") return [String(value)];
  if (depth >= MAX_DEPTH) return [];
  if (Array.isArray(value)) return value.flatMap((item) => collect(item, depth + 1));
  if (!isJsonObject(value)) return [];
  for (const name of SPOKEN) {
    if (!Object.hasOwn(value, name)) continue;
    const said = collect(value[name], depth + 1);
    if (said.length > 0) return said;
  }
  // LangChain serialises a message as { lc, type: "constructor", id, kwargs: { content } }.
  if (Object.hasOwn(value, "kwargs")) return collect(value.kwargs, depth + 1);
  return Object.values(value).flatMap((item) => collect(item, depth + 1));
}

/** Every text in a payload, keys included and in no particular order: for looking for something wherever it may hide. */
export function everyText(value: unknown): string[] {
  const texts: string[] = [];
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === "string") texts.push(next);
    if (isJsonObject(next)) texts.push(...Object.keys(next));
    if (typeof next === "object" && next !== null) for (const item of Object.values(next)) pending.push(item);
  }
  return texts;
}
