import { sql } from "kysely";
import type { FilterTest, FilterValue } from "../../wire/filter-ast.ts";
import type { Sql } from "./dialect.ts";

const ORDERED = { gt: sql`>`, gte: sql`>=`, lt: sql`<`, lte: sql`<=` } as const;

/** A test on one column. `bind` turns the filter's value into what the column holds. */
export function compileTest(
  column: Sql,
  test: FilterTest,
  bind: (value: Exclude<FilterValue, null>) => string | number = plain,
): Sql<boolean> {
  switch (test.op) {
    case "eq":
      return test.value === null ? sql`${column} is null` : sql`${column} = ${bind(test.value)}`;
    case "neq":
      if (test.value === null) return sql`${column} is not null`;
      return sql`(${column} is null or ${column} <> ${bind(test.value)})`;
    case "like":
      return like(column, test.value);
    case "nlike":
      return sql`(${column} is null or not ${like(column, test.value)})`;
    case "in":
      return anyOf(test.values.map((value) => compileTest(column, { op: "eq", value }, bind)));
    default:
      // The parser lets no null through here.
      return test.value === null ? FALSE : sql`${column} ${ORDERED[test.op]} ${bind(test.value)}`;
  }
}

/** A test on `pair.text` and `pair.number`: a number is compared as one where the document holds one. */
export function compilePairValue(test: FilterTest): Sql<boolean> {
  const text = sql`pair.text`;
  if (test.op === "in") return anyOf(test.values.map((value) => compilePairValue({ op: "eq", value })));
  if (typeof test.value !== "number") return compileTest(text, test);
  const asNumber = compileTest(sql`pair.number`, test);
  if (test.op !== "eq" && test.op !== "neq") return asNumber;
  return sql`case when pair.number is null then ${compileTest(text, test)} else ${asNumber} end`;
}

/** `%` and `_` as LIKE has them, in any case of the letters. */
function like(column: Sql, pattern: string): Sql<boolean> {
  return sql`lower(${column}) like ${pattern.toLowerCase()} escape '\\'`;
}

function plain(value: Exclude<FilterValue, null>): string | number {
  return typeof value === "number" ? value : String(value);
}

const TRUE = sql<boolean>`1 = 1`;
export const FALSE = sql<boolean>`1 = 0`;

export function allOf(conditions: readonly Sql<boolean>[]): Sql<boolean> {
  return conditions.length === 0 ? TRUE : sql`(${sql.join([...conditions], sql` and `)})`;
}

export function anyOf(conditions: readonly Sql<boolean>[]): Sql<boolean> {
  return conditions.length === 0 ? FALSE : sql`(${sql.join([...conditions], sql` or `)})`;
}
