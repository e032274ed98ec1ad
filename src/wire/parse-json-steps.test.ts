import { expect, test } from "vitest";
import type { Json } from "../model/json.ts";
import { randomSource } from "../internal/random.ts";
import { MAX_DOCUMENT_BYTES, parseJsonSteps } from "./parse-json-steps.ts";

const MB = 1024 * 1024;

function parse(text: string): { value: Json; rests: number } {
  const steps = parseJsonSteps(Buffer.from(text), "document");
  for (let rests = 0; ; rests++) {
    const step = steps.next();
    if (step.done) return { value: step.value, rests };
  }
}

/** Nested at random, with texts so long that it has to be taken apart on several levels. */
function document(random: () => number, bytes: number, depth = 0): Json {
  const kind = random();
  if (bytes < 200 || depth > 6) return kind < 0.3 ? Math.round(kind * 1e9) / 7 : 'ž\n"\\'.repeat(bytes / 5);
  const parts = 1 + Math.floor(random() * 6);
  const members = Array.from({ length: parts }, () => document(random, bytes / parts, depth + 1));
  if (kind < 0.5) return members;
  return Object.fromEntries(members.map((member, index) => [random() < 0.2 ? "__proto__" : `key ${index}"`, member]));
}

test("gives what JSON.parse gives, whatever the size", () => {
  const random = randomSource(11);
  for (let run = 0; run < 30; run++) {
    const text = JSON.stringify(document(random, run < 20 ? 5000 : 3 * MB), null, run % 3);
    expect(parse(text).value).toEqual(JSON.parse(text));
  }
});

test("keeps the last of equal keys, and takes __proto__ for a name", () => {
  const long = JSON.stringify("x".repeat(MB));
  const text = `{"a":1,"__proto__":{"polluted":${long}},"a":2,"b":${long},"b":[${long},${long}]}`;
  const { value } = parse(text);
  expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)));
  expect(Object.keys(value as object)).toEqual(["a", "__proto__", "b"]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("rests within large documents", () => {
  const numbers = JSON.stringify(Array.from({ length: MB }, (_, index) => index));
  expect(parse(`{"list":${numbers}}`).rests).toBeGreaterThan(5);
  expect(parse("[1,2]").rests).toBe(0);
});

test("refuses what is too large, or nested too deeply for its size", () => {
  const text = JSON.stringify("x".repeat(MAX_DOCUMENT_BYTES));
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: "too_large" }) as Error);
  const deep = `${"[0,".repeat(100)}${JSON.stringify("x".repeat(5 * MB))}${"]".repeat(100)}`;
  expect(() => parse(deep)).toThrow(expect.objectContaining({ code: "too_large" }) as Error);
  const wide = `[${"1,".repeat(5 * MB)}1]`;
  expect(() => parse(wide)).toThrow(expect.objectContaining({ code: "too_large" }) as Error);
  const hollow = `{"list":[[${"{},".repeat(1_000_000)}{}]]}`;
  expect(() => parse(hollow)).toThrow(expect.objectContaining({ code: "too_large" }) as Error);
  expect(() => parse(`{"a":${"[".repeat(300)}`)).toThrow(expect.objectContaining({ code: "invalid" }) as Error);
});
