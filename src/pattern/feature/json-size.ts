import type { Json } from "../../model/json.ts";

/** Characters of text in a value: strings in full, numbers and booleans as written, structure for free. */
export function jsonSize(value: Json | undefined): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "string") return value.length;
  if (typeof value !== "object") return String(value).length;
  let size = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value)) size += jsonSize(item);
  return size;
}

/** Items of the one list a value holds (`documents` of a retriever, `results` of a search), or `null` when it holds none or several. */
export function listLength(value: Json | undefined): number | null {
  if (Array.isArray(value)) return value.length;
  if (value === null || typeof value !== "object") return null;
  const lists = Object.values(value).filter((item) => Array.isArray(item));
  return lists.length === 1 && lists[0] ? lists[0].length : null;
}
