import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import type { FilterExpression, FilterField, FilterTest, FilterValue, RecordTest } from "./filter-ast.ts";
import { RUN_FIELDS, type ValueType } from "./filter/fields.ts";
import { printFilter } from "./filter/print.ts";
import { parseExampleFilter, parseFilter } from "./filter.ts";

const ID = "a36092d2-4ad5-4fb4-9c0d-0dba9a2ed836";

function compare(
  field: FilterField,
  op: "eq" | "neq" | "gt" | "gte" | "lt" | "lte",
  value: FilterValue,
): FilterExpression {
  return { kind: "compare", field, test: { op, value } };
}

function record(
  kind: "metadata" | "feedback" | "inputs" | "outputs",
  ...tests: [RecordTest["column"], string, unknown][]
): FilterExpression {
  return {
    kind: "record",
    record: kind,
    tests: tests.map(([column, op, value]) => ({
      column,
      test: (op === "in" ? { op, values: value } : { op, value }) as FilterTest,
    })),
  };
}

const not = (of: FilterExpression): FilterExpression => ({ kind: "not", of });
const and = (...of: FilterExpression[]): FilterExpression => ({ kind: "and", of });
const or = (...of: FilterExpression[]): FilterExpression => ({ kind: "or", of });

function refusal(text: string): { code: string; message: string; hint: string; details: Record<string, unknown> } {
  try {
    parseFilter(text, "trace_filter");
  } catch (error) {
    if (LoopsmithError.isInstance(error)) return error;
    throw error;
  }
  throw new Error(`was taken: ${text}`);
}

test("reads every example of LangSmith's documentation", () => {
  const documented: [string, FilterExpression][] = [
    [
      'and(eq(run_type, "chain"), gt(latency, 10), gt(total_tokens, 5000))',
      and(compare("run_type", "eq", "chain"), compare("latency", "gt", 10_000), compare("total_tokens", "gt", 5000)),
    ],
    ['eq(name, "extractor")', compare("name", "eq", "extractor")],
    ["eq(name, 'add_negligible_value')", compare("name", "eq", "add_negligible_value")],
    [
      'and(eq(feedback_key, "user_score"), eq(feedback_score, 1))',
      record("feedback", ["key", "eq", "user_score"], ["score", "eq", 1]),
    ],
    ['eq(feedback_key, "user_score")', record("feedback", ["key", "eq", "user_score"])],
    ['gt(latency, "5s")', compare("latency", "gt", 5000)],
    ["neq(error, null)", compare("error", "neq", null)],
    ['gt(start_time, "2023-07-15T12:34:56Z")', compare("start_time", "gt", Date.parse("2023-07-15T12:34:56Z"))],
    ['search("substring")', { kind: "search", field: null, text: "substring" }],
    ['has(tags, "2aa1cf4")', { kind: "tag", tag: "2aa1cf4" }],
    [
      'and(gt(start_time, "2023-07-15T12:34:56Z"), or(neq(error, null), and(eq(feedback_key, "Correctness"), eq(feedback_score, 0.0))))',
      and(
        compare("start_time", "gt", Date.parse("2023-07-15T12:34:56Z")),
        or(compare("error", "neq", null), record("feedback", ["key", "eq", "Correctness"], ["score", "eq", 0])),
      ),
    ],
    [
      'and(or(has(tags, "experimental"), has(tags, "beta")), gt(latency, 2))',
      and(or({ kind: "tag", tag: "experimental" }, { kind: "tag", tag: "beta" }), compare("latency", "gt", 2000)),
    ],
    [
      'and(in(metadata_key, ["session_id","conversation_id","thread_id"]), eq(metadata_value, "k"))',
      record("metadata", ["key", "in", ["session_id", "conversation_id", "thread_id"]], ["value", "eq", "k"]),
    ],
    [
      'and(eq(is_root, true), and(eq(feedback_key, "user_score"), eq(feedback_score, 1)))',
      and(compare("is_root", "eq", true), record("feedback", ["key", "eq", "user_score"], ["score", "eq", 1])),
    ],
    [
      "and(eq(name, 'ChatOpenAI'), eq(metadata_key, 'conversation_id'), eq(metadata_value, '69'))",
      and(
        compare("name", "eq", "ChatOpenAI"),
        record("metadata", ["key", "eq", "conversation_id"], ["value", "eq", "69"]),
      ),
    ],
    ['has("metadata", \'{"foo": "bar"}\')', { kind: "contains", field: "metadata", value: { foo: "bar" } }],
    ['exists(metadata, "baz")', record("metadata", ["key", "eq", "baz"])],
    [
      'and(not(has(metadata, \'{"foo": "bar"}\')), exists(metadata, "tenant_id"))',
      and(
        not({ kind: "contains", field: "metadata", value: { foo: "bar" } }),
        record("metadata", ["key", "eq", "tenant_id"]),
      ),
    ],
    [`eq(id, "${ID.toUpperCase()}")`, compare("id", "eq", ID)],
    ['eq(thread_id, "say \\"hi\\" \\u00e4")', compare("thread_id", "eq", 'say "hi" ä')],
  ];
  for (const [text, expected] of documented) expect(parseFilter(text), text).toEqual(expected);
});

test("denies keys and values as LangSmith documents it", () => {
  const key = record("metadata", ["key", "eq", "k"]);
  const value = record("metadata", ["value", "eq", "v"]);
  expect(parseFilter("and(neq(metadata_key, 'k'))")).toEqual(not(key));
  expect(parseFilter("neq(metadata_key, 'k')")).toEqual(not(key));
  expect(parseFilter("and(eq(metadata_key, 'k'), neq(metadata_value, 'v'))")).toEqual(
    record("metadata", ["key", "eq", "k"], ["value", "neq", "v"]),
  );
  expect(parseFilter("and(neq(metadata_key, 'k'), neq(metadata_value, 'v'))")).toEqual(and(not(key), not(value)));
  expect(parseFilter("and(neq(metadata_key, 'k'), eq(metadata_value, 'v'))")).toEqual(and(value, not(key)));
  expect(parseFilter('nlike(output_value, "%x%")')).toEqual(not(record("outputs", ["value", "like", "%x%"])));
});

test("takes two keys in one and for two records, and keeps kinds of records apart", () => {
  expect(
    parseFilter(
      'and(eq(feedback_key, "a"), lt(feedback_score, 0.5), eq(feedback_key, "b"), gt(feedback_score, 0.5), eq(metadata_key, "m"))',
    ),
  ).toEqual(
    and(
      record("feedback", ["key", "eq", "a"], ["score", "lt", 0.5]),
      record("feedback", ["key", "eq", "b"], ["score", "gt", 0.5]),
      record("metadata", ["key", "eq", "m"]),
    ),
  );
  expect(parseFilter('and(gt(feedback_score, 0.2), eq(feedback_key, "a"), lt(feedback_score, 0.5))')).toEqual(
    record("feedback", ["score", "gt", 0.2], ["key", "eq", "a"], ["score", "lt", 0.5]),
  );
  expect(parseFilter('or(eq(feedback_key, "a"), lt(feedback_score, 0.5))')).toEqual(
    or(record("feedback", ["key", "eq", "a"]), record("feedback", ["score", "lt", 0.5])),
  );
});

test("reads values by the type of their field", () => {
  expect(parseFilter("eq(latency, 0.5)")).toEqual(compare("latency", "eq", 500));
  expect(parseFilter('lte(latency, "1.5m")')).toEqual(compare("latency", "lte", 90_000));
  expect(parseFilter("lt(latency, 250ms)")).toEqual(compare("latency", "lt", 250));
  expect(parseFilter('eq(feedback_score, "0.5")')).toEqual(record("feedback", ["score", "eq", 0.5]));
  expect(parseFilter("eq(feedback_score, true)")).toEqual(record("feedback", ["score", "eq", 1]));
  expect(parseFilter("gt(feedback_score, -1.5e-2)")).toEqual(record("feedback", ["score", "gt", -0.015]));
  expect(parseFilter('eq(run_type, "LLM")')).toEqual(compare("run_type", "eq", "llm"));
  expect(parseFilter('eq(is_root, "false")')).toEqual(compare("is_root", "eq", false));
  expect(parseFilter("eq(execution_order, 1)")).toEqual(compare("is_root", "eq", true));
  expect(parseFilter("gt(execution_order, 1)")).toEqual(compare("is_root", "eq", false));
  expect(parseFilter("eq(metadata_value, 7)")).toEqual(record("metadata", ["value", "eq", 7]));
  expect(parseFilter("in(name, [])")).toEqual({ kind: "compare", field: "name", test: { op: "in", values: [] } });
  expect(parseFilter('search(inputs, "x")')).toEqual({ kind: "search", field: "inputs", text: "x" });
  expect(parseFilter("AND( EQ ( name ,'a' ) )")).toEqual(compare("name", "eq", "a"));
  expect(parseFilter('eq(name, "a\\u0000\\ud800")')).toEqual(compare("name", "eq", "a\ufffd\ufffd"));
});

test("reads filters on examples, which have fields of their own", () => {
  expect(parseExampleFilter('gt(created_at, "2026-01-01")')).toEqual(compare("created_at", "gt", Date.UTC(2026, 0)));
  expect(() => parseExampleFilter("gt(latency, 5)")).toThrow(/no field "latency"/);
  expect(() => parseFilter('gt(created_at, "2026-01-01")')).toThrow(/no field "created_at"/);
});

test.each([
  ["", "expected one of and, or", 0],
  ["name", "expected one of", 0],
  ["foo(name, 1)", 'found "foo"', 0],
  ["eq(name)", 'expected ",", found ")"', 7],
  ['eq(nam, "x")', 'no field "nam"', 3],
  ['eq(__proto__, "x")', "no field", 3],
  ['eq(constructor, "x")', "no field", 3],
  ["eq(name, x)", "strings need quotes", 9],
  ['eq(name, "x"', 'expected ")", found the end', 12],
  ['eq(name, "x)', "does not end", 9],
  ['eq(name, "x"))', "expected the end", 13],
  ["and()", "expected one of", 4],
  ['eq(id, "7")', "takes a UUID", 7],
  ['gt(start_time, "soon")', "takes a time", 15],
  ['gt(latency, "fast")', "takes seconds", 12],
  ["eq(total_tokens, 'x')", "takes a number", 17],
  ["eq(is_root, 7)", "takes true or false", 12],
  ["gt(error, null)", "gt needs a number", 0],
  ["like(name, 7)", "like takes a string", 11],
  ["in(name, 'x')", 'expected "["', 9],
  ["gt(total_tokens, 1e999)", "out of range", 17],
  ["has(name, 'x')", "has takes tags", 4],
  ["has(tags, 1)", "has takes a string", 10],
  ["exists(tags, 'x')", "exists takes metadata", 7],
  ["search(name)", "in quotes", 7],
  ["search(foo, 'x')", "search takes one of", 7],
  ["eq(execution_order, 2)", "compared with 1", 3],
  ["eq(name, 'x'); drop table span", "unexpected", 13],
])("says what is wrong with %j and where", (text, message, position) => {
  const error = refusal(text);
  expect(error.code).toBe("invalid");
  expect(error.message).toContain(message);
  expect(error.details).toMatchObject({
    field: "trace_filter",
    position,
    message: expect.stringContaining(message) as string,
  });
  expect(error.hint).not.toBe("");
});

test("bounds nesting, conditions and length", () => {
  expect(refusal("not(".repeat(2500)).message).toContain("64 levels");
  expect(refusal(`and(${"and(".repeat(63)}eq(name, 'x')`).message).toContain('expected ")"');
  expect(refusal(`or(${Array.from({ length: 600 }, () => "eq(name,'x')").join(",")})`).message).toContain(
    "500 conditions",
  );
  expect(refusal(`has(metadata, '${'{"a":'.repeat(100)}1${"}".repeat(100)}')`).message).toContain("64 levels");
  expect(refusal(`eq(name, "${"x".repeat(70_000)}")`).message).toContain("longer than");
});

const text = fc.string({ unit: "grapheme", maxLength: 12 }).map((value) => value.replaceAll("\0", ""));
const scalar: Record<ValueType, fc.Arbitrary<FilterValue>> = {
  text,
  lower: fc.constantFrom("llm", "chain", "success"),
  uuid: fc.uuid(),
  time: fc.integer({ min: 0, max: 4e12 }),
  duration: fc.integer({ min: 0, max: 1e7 }),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  boolean: fc.boolean(),
  any: fc.oneof(text, fc.integer(), fc.boolean()),
};

function testOf(type: ValueType): fc.Arbitrary<FilterTest> {
  const value = scalar[type];
  return fc.oneof(
    fc.record({ op: fc.constantFrom("eq" as const, "neq" as const), value: fc.option(value) }),
    ...(type === "boolean" || type === "any"
      ? []
      : [fc.record({ op: fc.constantFrom("gt" as const, "gte" as const, "lt" as const, "lte" as const), value })]),
    fc.record({ op: fc.constant("in" as const), values: fc.array(value, { maxLength: 3 }) }),
    ...(type === "text" ? [fc.record({ op: fc.constantFrom("like" as const, "nlike" as const), value: text })] : []),
  );
}

const condition: fc.Arbitrary<FilterExpression> = fc.oneof(
  fc
    .constantFrom(...(Object.entries(RUN_FIELDS) as [FilterField, ValueType][]))
    .chain(([field, type]) =>
      testOf(type).map((fieldTest): FilterExpression => ({ kind: "compare", field, test: fieldTest })),
    ),
  fc
    .tuple(
      fc.constantFrom("feedback" as const, "metadata" as const, "inputs" as const, "outputs" as const),
      text,
      testOf("any"),
    )
    .map(([kind, key, value]): FilterExpression => ({
      kind: "record",
      record: kind,
      tests: [
        { column: "key", test: { op: "eq", value: key } },
        { column: "value", test: value },
      ],
    })),
  fc.tuple(text, scalar.number).map(([key, score]) => record("feedback", ["key", "eq", key], ["score", "lt", score])),
  text.map((key): FilterExpression => record("metadata", ["key", "eq", key])),
  text.map((tag): FilterExpression => ({ kind: "tag", tag })),
  text.map((words): FilterExpression => ({ kind: "search", field: null, text: words })),
  text.map((words): FilterExpression => ({ kind: "search", field: "outputs", text: words })),
  fc
    .dictionary(text, fc.oneof(text, fc.integer()))
    .map((value): FilterExpression => ({ kind: "contains", field: "metadata", value })),
);

const expression = fc.letrec<{ any: FilterExpression }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    condition,
    tie("any").map(not),
    fc.array(tie("any"), { minLength: 2, maxLength: 4 }).map((of): FilterExpression => ({ kind: "and", of })),
    fc.array(tie("any"), { minLength: 2, maxLength: 4 }).map((of): FilterExpression => ({ kind: "or", of })),
  ),
})).any;

test("gives back any expression that it has printed", () => {
  fc.assert(
    fc.property(expression, (original) => {
      const printed = printFilter(original);
      expect(parseFilter(printed), printed).toEqual(original);
    }),
    { numRuns: 500 },
  );
});
