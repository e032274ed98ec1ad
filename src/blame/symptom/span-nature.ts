import type { Json } from "../../model/json.ts";
import type { Span } from "../../model/trace.ts";

/** Spans that bring data in from outside; what they return needs no support from earlier spans. */
export function isSource(span: Span): boolean {
  return span.kind === "tool" || span.kind === "retriever";
}

/** Sources that look something up: retrievers, and tools that are named after searching. */
export function isLookup(span: Span): boolean {
  return span.kind === "retriever" || (span.kind === "tool" && /search|retriev|lookup|query/i.test(span.name));
}

/** No text, number or flag anywhere in it. What is nested deeper than 32 levels counts as something. */
export function isEmpty(value: Json | undefined, depth = 0): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === "string") return value.trim() === "";
  if (typeof value !== "object" || depth > 32) return false;
  return (Array.isArray(value) ? value : Object.values(value)).every((item) => isEmpty(item, depth + 1));
}

/** A text cut to one short line, for evidence sentences. */
export function clip(text: string, length = 120): string {
  const line = text
    .slice(0, 4 * length)
    .replace(/\s+/g, " ")
    .trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
