import type { JsonObject } from "../model/json.ts";

/** A filter of LangSmith's query language, parsed, typed and without its shorthands. The store compiles it. */
export type FilterExpression =
  | { kind: "and" | "or"; of: FilterExpression[] }
  | { kind: "not"; of: FilterExpression }
  | { kind: "compare"; field: FilterField; test: FilterTest }
  | FilterRecord
  /** The tag is among the tags. */
  | { kind: "tag"; tag: string }
  /** The JSON object contains this one: every member of it, nested objects likewise. */
  | { kind: "contains"; field: "metadata" | "inputs" | "outputs"; value: JsonObject }
  /** The words occur in the field, or in any text of the run where the field is `null`. */
  | { kind: "search"; field: SearchField | null; text: string };

/**
 * There is one record (a feedback, or a key-value pair of the metadata, inputs or outputs) that passes every test.
 * Keys of nested values are paths joined by dots, lists left out.
 */
export interface FilterRecord {
  kind: "record";
  record: RecordKind;
  tests: RecordTest[];
}

export type RecordKind = "feedback" | "metadata" | "inputs" | "outputs";

/** `score`, `comment` and `source` belong to feedback only. */
export type RecordColumn = "key" | "value" | "score" | "comment" | "source";

export interface RecordTest {
  column: RecordColumn;
  test: FilterTest;
}

/**
 * `eq` and `neq` with `null` ask whether there is a value; `neq` with a value is also true where there is none.
 * `like` takes `%` and `_`.
 */
export type FilterTest =
  | { op: "eq" | "neq" | "gt" | "gte" | "lt" | "lte"; value: FilterValue }
  | { op: "like" | "nlike"; value: string }
  | { op: "in"; values: FilterValue[] };

export type FilterValue = string | number | boolean | null;

/**
 * Fields with one value. Times are epoch ms with microseconds as the fraction, `latency` is in ms, ids and kinds are in
 * lower case, `is_root` is a boolean, token counts and costs are numbers, the others text.
 */
export type FilterField =
  | "id"
  | "name"
  | "run_type"
  | "start_time"
  | "end_time"
  | "latency"
  | "error"
  | "status"
  | "model"
  | "is_root"
  | "trace_id"
  | "parent_run_id"
  | "session_id"
  | "reference_example_id"
  | "thread_id"
  | "total_tokens"
  | "prompt_tokens"
  | "completion_tokens"
  | "total_cost"
  | "created_at"
  | "modified_at"
  | "source_run_id";

export type SearchField = "name" | "error" | "inputs" | "outputs" | "metadata" | "tags";
