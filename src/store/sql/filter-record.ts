import { sql } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { FilterRecord, FilterTest, FilterValue, RecordTest } from "../../wire/filter-ast.ts";
import { toMicros } from "./columns.ts";
import type { Sql } from "./dialect.ts";
import type { FilterContext } from "./filter.ts";
import { allOf, compilePairValue, compileTest } from "./filter-test.ts";

/** Epoch ms: `from` inclusive, `to` exclusive. */
export interface FeedbackWindow {
  from?: number | undefined;
  to?: number | undefined;
}

/** There is one record that passes every test. */
export function compileRecord({ record, tests }: FilterRecord, context: FilterContext): Sql<boolean> {
  if (record === "feedback") return someFeedback(tests, context);
  const condition = allOf(
    tests.map(({ column, test }) => (column === "key" ? compileTest(sql`pair.key`, test) : compilePairValue(test))),
  );
  return allOf([
    ...mentionsKey(record, tests, context),
    context.dialect.somePair(documentOf(record, context), condition),
  ]);
}

/** Every member of `value`, nested ones likewise, is a pair of the document. */
export function compileContains(
  field: "metadata" | "inputs" | "outputs",
  value: JsonObject,
  context: FilterContext,
): Sql<boolean> {
  return allOf(
    leavesOf(value).map(({ key, value: leaf }) => {
      const tests: RecordTest[] = [
        { column: "key", test: { op: "eq", value: key } },
        { column: "value", test: { op: "eq", value: leaf } },
      ];
      return compileRecord({ kind: "record", record: field, tests }, context);
    }),
  );
}

function someFeedback(tests: readonly RecordTest[], { table, feedbackWindow }: FilterContext): Sql<boolean> {
  const { from, to } = feedbackWindow ?? {};
  const conditions = [
    sql<boolean>`feedback.run_id = ${sql.ref(`${table}.id`)}`,
    ...tests.map(feedbackTest),
    ...(from === undefined ? [] : [sql<boolean>`feedback.modified_at >= ${toMicros(from)}`]),
    ...(to === undefined ? [] : [sql<boolean>`feedback.modified_at < ${toMicros(to)}`]),
  ];
  return sql`exists (select 1 from feedback where ${allOf(conditions)})`;
}

function feedbackTest({ column, test }: RecordTest): Sql<boolean> {
  switch (column) {
    case "key":
      return compileTest(sql`feedback.key`, test);
    case "score":
      return compileTest(sql`feedback.score`, test, Number);
    case "comment":
      return compileTest(sql`feedback.comment`, test);
    case "source":
      return compileTest(sql`feedback.source_type`, test);
    default:
      return valueTest(test);
  }
}

/** Values are stored as JSON text: a pattern looks at the text, an order only makes sense between numbers. */
function valueTest(test: FilterTest): Sql<boolean> {
  const value = sql`feedback.value_json`;
  if (test.op === "like" || test.op === "nlike") return compileTest(sql`trim(${value}, '"')`, test);
  if (test.op === "eq" || test.op === "neq" || test.op === "in") {
    return compileTest(value, test, (literal) => JSON.stringify(literal));
  }
  const number = sql`(case when ${value} is null or ${value} = '' or ${value} like '%"%' or ${value} like '%e%'
    or ${value} like '{%' or ${value} like '[%' or ${value} = 'null' then null
    else cast(${value} as double precision) end)`;
  return compileTest(number, test, Number);
}

function documentOf(
  record: "metadata" | "inputs" | "outputs",
  { table }: FilterContext,
): { json: Sql } | { bytes: Sql } {
  if (record === "metadata") return { json: sql.ref(`${table}.metadata_json`) };
  return { bytes: sql.ref(`${table}.${record}`) };
}

/** A look at the text rules most spans out before their metadata is taken apart. Payloads may spell a key with escapes. */
function mentionsKey(record: string, tests: readonly RecordTest[], { dialect, table }: FilterContext): Sql<boolean>[] {
  if (record !== "metadata") return [];
  return tests.flatMap(({ column, test }) => {
    if (column !== "key" || test.op !== "eq" || typeof test.value !== "string") return [];
    const last = test.value.split(".").at(-1) ?? test.value;
    return [dialect.contains(sql.ref(`${table}.metadata_json`), JSON.stringify(last).slice(1))];
  });
}

function leavesOf(value: JsonObject, path = ""): { key: string; value: FilterValue }[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const key = path === "" ? name : `${path}.${name}`;
    if (isJsonObject(member)) return leavesOf(member, key);
    if (Array.isArray(member)) {
      throw new LoopsmithError("invalid", `filter: ${key} is a list, and lists cannot be searched for`, {
        hint: "Leave the list out, or use search().",
        details: { field: "filter" },
      });
    }
    return [{ key, value: member ?? null }];
  });
}
