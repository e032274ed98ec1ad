import { sql } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import type { FilterExpression, FilterField, FilterTest, FilterValue } from "../../wire/filter-ast.ts";
import { toMicros } from "./columns.ts";
import type { Sql, SqlDialect } from "./dialect.ts";
import { compileContains, compileRecord, type FeedbackWindow } from "./filter-record.ts";
import { compileSearch } from "./filter-search.ts";
import { allOf, anyOf, compileTest } from "./filter-test.ts";

/** Under which name the query has the span that the filter is about. */
export type FilterTable = "span" | "root" | "member";

export interface FilterContext {
  dialect: SqlDialect;
  table: FilterTable;
  /** Only feedback changed in this time counts. */
  feedbackWindow?: FeedbackWindow;
}

/** A filter as a condition on the span `context.table`, with every value of it bound as a parameter. */
export function compileFilter(expression: FilterExpression, context: FilterContext): Sql<boolean> {
  const { dialect, table } = context;
  switch (expression.kind) {
    case "and":
      return allOf(expression.of.map((member) => compileFilter(member, context)));
    case "or":
      return anyOf(expression.of.map((member) => compileFilter(member, context)));
    case "not":
      // NULL (unknown) must not survive a negation.
      return sql`not coalesce(${compileFilter(expression.of, context)}, 1 = 0)`;
    case "compare":
      return compileComparison(expression.field, expression.test, table);
    case "record":
      return compileRecord(expression, context);
    case "tag":
      return compileTag(expression.tag, context);
    case "contains":
      return compileContains(expression.field, expression.value, context);
    default:
      return compileSearch(expression.field, expression.text, dialect, table);
  }
}

type Bind = (value: Exclude<FilterValue, null>) => string | number;

/** Columns that hold a field as the filter has it. */
const PLAIN_COLUMNS: Partial<Record<FilterField, string>> = {
  id: "id",
  name: "name",
  error: "error",
  status: "status",
  model: "model",
  trace_id: "trace_id",
  parent_run_id: "parent_id",
  session_id: "project_id",
  reference_example_id: "reference_example_id",
  thread_id: "thread_id",
};

const microseconds: Bind = (value) => toMicros(Number(value));

function compileComparison(field: FilterField, test: FilterTest, table: FilterTable): Sql<boolean> {
  const column = (name: string): Sql => sql.ref(`${table}.${name}`);
  const plain = PLAIN_COLUMNS[field];
  if (plain !== undefined) return compileTest(column(plain), test);
  switch (field) {
    case "run_type":
      // A span whose post has not arrived has no kind yet and reads as a chain.
      return compileTest(sql`coalesce(nullif(${column("kind")}, ''), 'chain')`, test);
    case "start_time":
      return compileTest(column("start_at"), test, microseconds);
    case "end_time":
      return compileTest(column("end_at"), test, microseconds);
    case "latency":
      return compileTest(sql`(${column("end_at")} - ${column("start_at")})`, test, microseconds);
    case "is_root":
      return compileTest(sql`(case when ${column("parent_id")} is null then 1 else 0 end)`, test, Number);
    case "total_tokens":
    case "prompt_tokens":
    case "completion_tokens":
      return compileTest(sql`cast(coalesce(${column(field)}, 0) as double precision)`, test);
    case "total_cost":
      return compileTest(column("cost"), test);
    default:
      throw new LoopsmithError("invalid", `filter: runs have no field ${field}`, {
        hint: "It is a field of examples.",
        details: { field: "filter" },
      });
  }
}

/** Tags are a JSON list of strings, so an element shows as `["tag"` or `,"tag"`: a quote within a string is escaped. */
function compileTag(tag: string, { dialect, table }: FilterContext): Sql<boolean> {
  const tags = sql.ref(`${table}.tags_json`);
  const text = JSON.stringify(tag);
  return anyOf([dialect.contains(tags, `[${text}`), dialect.contains(tags, `,${text}`)]);
}
