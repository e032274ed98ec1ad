import type { FilterExpression, FilterTest, FilterValue, RecordTest } from "../filter-ast.ts";
import { toIsoTime } from "../../internal/iso-time.ts";
import { RECORD_FIELDS } from "./fields.ts";

/** The expression as text of the query language; parsing it gives the same expression. */
export function printFilter(expression: FilterExpression): string {
  switch (expression.kind) {
    case "and":
    case "or":
      return `${expression.kind}(${expression.of.map(printFilter).join(", ")})`;
    case "not":
      return `not(${printFilter(expression.of)})`;
    case "compare":
      return printTest(expression.field, expression.test, printer(expression.field));
    case "record":
      // Always in an `and` of its own, or its tests would be taken for those of a neighbouring record.
      return `and(${expression.tests.map((test) => printRecordTest(expression.record, test)).join(", ")})`;
    case "tag":
      return `has(tags, ${JSON.stringify(expression.tag)})`;
    case "contains":
      return `has(${expression.field}, ${JSON.stringify(JSON.stringify(expression.value))})`;
    default:
      return `search(${expression.field === null ? "" : `${expression.field}, `}${JSON.stringify(expression.text)})`;
  }
}

function printRecordTest(record: string, { column, test }: RecordTest): string {
  for (const [name, field] of RECORD_FIELDS) {
    if (field.record === record && field.column === column) return printTest(name, test, JSON.stringify);
  }
  throw new RangeError(`${record} has no ${column}`);
}

function printTest(field: string, test: FilterTest, print: (value: FilterValue) => string): string {
  if (test.op === "in") return `in(${field}, [${test.values.map(print).join(", ")}])`;
  return `${test.op}(${field}, ${test.op === "like" || test.op === "nlike" ? JSON.stringify(test.value) : print(test.value)})`;
}

function printer(field: string): (value: FilterValue) => string {
  const isTime = field.endsWith("_time") || field.endsWith("_at");
  return (value) => {
    if (typeof value !== "number") return JSON.stringify(value);
    if (isTime) return JSON.stringify(toIsoTime(value));
    return field === "latency" ? `"${value}ms"` : JSON.stringify(value);
  };
}
