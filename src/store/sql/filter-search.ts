import { sql } from "kysely";
import type { SearchField } from "../../wire/filter-ast.ts";
import { containsPattern } from "./columns.ts";
import type { Sql, SqlDialect } from "./dialect.ts";
import type { FilterTable } from "./filter.ts";
import { allOf, anyOf } from "./filter-test.ts";

const FIELDS = ["name", "error", "tags", "metadata", "inputs", "outputs"] as const satisfies readonly SearchField[];

/** Every word occurs in the field (in any one of the fields where it is `null`), in any case of the letters. */
export function compileSearch(
  field: SearchField | null,
  text: string,
  dialect: SqlDialect,
  table: FilterTable,
): Sql<boolean> {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const fields = field === null ? FIELDS : [field];
  return allOf(words.map((word) => anyOf(fields.flatMap((name) => occurs(word, name, dialect, table)))));
}

function occurs(word: string, field: SearchField, dialect: SqlDialect, table: FilterTable): Sql<boolean>[] {
  const like = (column: Sql, part: string): Sql<boolean> =>
    sql`lower(${column}) like ${containsPattern(part.toLowerCase())} escape '\\'`;
  if (field === "name" || field === "error") return [like(sql.ref(`${table}.${field}`), word)];
  const text =
    field === "inputs" || field === "outputs"
      ? dialect.payloadText(sql.ref(`${table}.${field}`))
      : sql.ref(`${table}.${field}_json`);
  // In JSON a word may stand as it is or with everything beyond ASCII escaped.
  const plain = JSON.stringify(word).slice(1, -1);
  const escaped = plain.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return plain === escaped ? [like(text, plain)] : [like(text, plain), like(text, escaped)];
}
