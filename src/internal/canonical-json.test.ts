import { expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

it("writes equal values alike, whatever the order of their keys", () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  expect(canonicalJson([undefined, { x: undefined }])).toBe("[null,{}]");
  expect(canonicalJson(undefined)).toBe("null");
  expect(canonicalJson(JSON.parse('{"__proto__":1,"a":2}'))).toBe('{"__proto__":1,"a":2}');
});
