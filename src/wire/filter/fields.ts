import { parseDuration } from "../../internal/parse-duration.ts";
import { isUuid } from "../../model/id.ts";
import { cleanText } from "../clean-text.ts";
import type { FilterField, FilterValue, RecordColumn, RecordKind, SearchField } from "../filter-ast.ts";
import { parseTime } from "../parse-time.ts";

export type ValueType = "text" | "lower" | "uuid" | "time" | "duration" | "number" | "boolean" | "any";

/** Run fields with one value, and how their values are read. */
export const RUN_FIELDS: Readonly<Partial<Record<FilterField, ValueType>>> = {
  id: "uuid",
  name: "text",
  run_type: "lower",
  start_time: "time",
  end_time: "time",
  latency: "duration",
  error: "text",
  status: "lower",
  model: "text",
  is_root: "boolean",
  trace_id: "uuid",
  parent_run_id: "uuid",
  session_id: "uuid",
  reference_example_id: "uuid",
  thread_id: "text",
  total_tokens: "number",
  prompt_tokens: "number",
  completion_tokens: "number",
  total_cost: "number",
};

/** The same for dataset examples. */
export const EXAMPLE_FIELDS: Readonly<Partial<Record<FilterField, ValueType>>> = {
  id: "uuid",
  name: "text",
  created_at: "time",
  modified_at: "time",
  source_run_id: "uuid",
};

/** Fields of which a run has many: each is one column of a record. */
export const RECORD_FIELDS: ReadonlyMap<string, { record: RecordKind; column: RecordColumn; type: ValueType }> =
  new Map([
    ["feedback_key", { record: "feedback", column: "key", type: "text" }],
    ["feedback_score", { record: "feedback", column: "score", type: "number" }],
    ["feedback_value", { record: "feedback", column: "value", type: "any" }],
    ["feedback_comment", { record: "feedback", column: "comment", type: "text" }],
    ["feedback_source", { record: "feedback", column: "source", type: "text" }],
    ["metadata_key", { record: "metadata", column: "key", type: "text" }],
    ["metadata_value", { record: "metadata", column: "value", type: "any" }],
    ["input_key", { record: "inputs", column: "key", type: "text" }],
    ["input_value", { record: "inputs", column: "value", type: "any" }],
    ["output_key", { record: "outputs", column: "key", type: "text" }],
    ["output_value", { record: "outputs", column: "value", type: "any" }],
  ]);

export const SEARCH_FIELDS: ReadonlySet<string> = new Set<SearchField>([
  "name",
  "error",
  "inputs",
  "outputs",
  "metadata",
  "tags",
]);

/** A literal as a value of the type, or what it should have been. Text is cleaned as the columns it is compared with. */
export function readValue(type: ValueType, literal: FilterValue): { value: FilterValue } | { expected: string } {
  if (literal === null) return { value: null };
  switch (type) {
    case "text":
      return { value: cleanText(String(literal)) };
    case "lower":
      return { value: cleanText(String(literal)).toLowerCase() };
    case "uuid":
      return isUuid(literal) ? { value: literal.toLowerCase() } : { expected: "a UUID" };
    case "time":
      return orElse(parseTime(literal), 'a time, such as "2026-01-31T12:00:00Z"');
    case "duration":
      return orElse(typeof literal === "boolean" ? null : durationMs(literal), 'seconds, or a duration such as "5s"');
    case "number":
      return orElse(numberOf(literal), "a number");
    case "boolean":
      return orElse(booleanOf(literal), "true or false");
    default:
      return { value: typeof literal === "string" ? cleanText(literal) : literal };
  }
}

function orElse(value: FilterValue, expected: string): { value: FilterValue } | { expected: string } {
  return value === null ? { expected } : { value };
}

function durationMs(literal: string | number): number | null {
  if (typeof literal === "number") return literal * 1000;
  const seconds = Number(literal);
  return literal.trim() !== "" && Number.isFinite(seconds) ? seconds * 1000 : parseDuration(literal);
}

/** A boolean score is stored as 1 or 0. */
function numberOf(literal: string | number | boolean): number | null {
  const value = typeof literal === "string" && literal.trim() === "" ? Number.NaN : Number(literal);
  return Number.isFinite(value) ? value : null;
}

function booleanOf(literal: string | number | boolean): boolean | null {
  if (literal === true || literal === 1 || literal === "true") return true;
  return literal === false || literal === 0 || literal === "false" ? false : null;
}
