import { describe, expect, it } from "vitest";
import { compileJsonSchema } from "./json-schema.ts";

const answer = {
  type: "object",
  required: ["answer", "sources"],
  additionalProperties: false,
  properties: {
    answer: { type: "string", minLength: 1, pattern: "^\\p{Lu}" },
    sources: { type: "array", items: { $ref: "#/$defs/source" }, minItems: 1, uniqueItems: true },
    confidence: { type: "number", minimum: 0, exclusiveMaximum: 1, multipleOf: 0.05 },
  },
  $defs: { source: { oneOf: [{ type: "string" }, { type: "object", required: ["url"] }] } },
};

// Parsed, since a literal with `then` would look like a promise to the linter.
const conditional: unknown = JSON.parse(
  '{ "if": { "required": ["a"] }, "then": { "required": ["b"] }, "else": { "required": ["c"] } }',
);

describe("compileJsonSchema", () => {
  it.each([
    [{ answer: "Yes", sources: ["a"] }, []],
    [{ answer: "Yes", sources: ["a", { url: "u" }], confidence: 0.35 }, []],
    [{ answer: "yes", sources: ["a"] }, ["/answer"]],
    [{ answer: "Yes" }, [""]],
    [{ answer: "Yes", sources: ["a", "a"] }, ["/sources"]],
    [{ answer: "Yes", sources: [7] }, ["/sources/0"]],
    [{ answer: "Yes", sources: ["a"], "more/than~this": 1 }, ["/more~1than~0this"]],
    [{ answer: "Yes", sources: ["a"], confidence: 1 }, ["/confidence"]],
    [{ answer: "Yes", sources: ["a"], confidence: 0.33 }, ["/confidence"]],
    [[], [""]],
    [null, [""]],
  ])("judges %j", (value, paths) => {
    expect(compileJsonSchema(answer)(value).map(({ path }) => path)).toEqual(paths);
  });

  it.each([
    [{ type: "integer" }, 1.0, true],
    [{ type: ["string", "null"] }, null, true],
    [{ type: "number" }, "1", false],
    [{ const: { a: 1, b: [2] } }, { b: [2], a: 1 }, true],
    [{ enum: ["x", 1] }, "1", false],
    [{ prefixItems: [{ type: "string" }], items: false }, ["a", 1], false],
    [{ items: [{ type: "string" }] }, [1], false],
    [{ contains: { const: 1 }, minContains: 2 }, [1, 2, 1], true],
    [{ contains: { const: 1 }, maxContains: 1 }, [1, 1], false],
    [{ patternProperties: { "^x": { type: "number" } } }, { xa: "1" }, false],
    [{ propertyNames: { maxLength: 2 } }, { abc: 1 }, false],
    [{ dependentRequired: { a: ["b"] } }, { a: 1 }, false],
    [{ dependentSchemas: { a: { required: ["b"] } } }, { a: 1, b: 2 }, true],
    [conditional, { a: 1 }, false],
    [conditional, { c: 1 }, true],
    [{ not: { type: "string" } }, "a", false],
    [{ anyOf: [{ type: "string" }, { minimum: 5 }] }, 4, false],
    [{ allOf: [{ minimum: 1 }, { maximum: 3 }] }, 2, true],
    [{ minLength: 2 }, "😀", false],
    [{ minProperties: 1 }, {}, false],
    [{ required: ["toString"] }, {}, false],
    [{ properties: { constructor: { type: "number" } } }, {}, true],
    [true, undefined, true],
    [false, 1, false],
    [{ $ref: "#/definitions/n", definitions: { n: { minimum: 3 } } }, 2, false],
    [{ $ref: "#n", $defs: { any: { $anchor: "n", minimum: 3 } } }, 3, true],
  ])("%j on %j: %s", (schema, value, valid) => {
    expect(compileJsonSchema(schema)(value).length === 0).toBe(valid);
  });

  it("follows schemas that refer to themselves, and ends where they never would", () => {
    const tree = { type: "object", properties: { children: { type: "array", items: { $ref: "#" } } } };
    expect(compileJsonSchema(tree)({ children: [{ children: [{ children: 1 }] }] })).toEqual([
      { path: "/children/0/children/0/children", message: "must be array" },
    ]);
    expect(compileJsonSchema({ $ref: "#" })(1)).toEqual([{ path: "", message: "is nested too deeply to check" }]);
    let deep: unknown = {};
    for (let i = 0; i < 5000; i++) deep = { children: [deep] };
    expect(compileJsonSchema(tree)(deep)).toHaveLength(1);
  });

  it.each([
    [{ $ref: "https://example.com/schema.json" }],
    [{ $ref: "#/nowhere" }],
    [{ unevaluatedProperties: false }],
    [{ properties: { a: { $dynamicRef: "#x" } } }],
    [{ pattern: "(?=a)" }],
    [{ items: 7 }],
  ])("refuses %j rather than call it valid", (schema) => {
    expect(() => compileJsonSchema(schema)).toThrow(SyntaxError);
  });
});
