import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { MAX_JSON_DEPTH, scanJson, scanJsonSteps } from "./json-scan.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

function accepts(text: string): boolean {
  try {
    scanJson(bytes(text), "text");
    return true;
  } catch (error) {
    expect(LoopsmithError.isInstance(error)).toBe(true);
    return false;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("takes what JSON.parse takes", () => {
  for (const text of [
    "0",
    "-0",
    "-1.5e+10",
    "1E-2",
    '""',
    '"\\u00ff\\n"',
    "[]",
    "{}",
    " [ 1 , {} ] ",
    '{"a":[{"b":null}]}',
    "true",
  ]) {
    expect(accepts(text), text).toBe(true);
  }
});

test("refuses what JSON.parse refuses", () => {
  const broken = [
    "",
    " ",
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "-",
    "NaN",
    "Infinity",
    "nul",
    "tru",
    "'a'",
    '"',
    '"\\x"',
    '"\\u12"',
  ];
  const nested = [
    "[1,]",
    "[,]",
    "{,}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{1:2}",
    "[1}",
    '{"a":1]',
    "[",
    "{",
    "[]]",
    "1 2",
    '"\n"',
  ];
  for (const text of [...broken, ...nested]) {
    expect(parses(text), text).toBe(false);
    expect(accepts(text), text).toBe(false);
  }
});

test("agrees with JSON.parse on any text, valid or broken by one character", () => {
  const alphabet = fc.constantFrom(...'{}[]:,"\\ 0123.eE+-tfnu\nrlas\ud83d'.split(""));
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 6 }),
      fc.nat(),
      alphabet,
      fc.constantFrom("keep", "replace", "remove", "insert"),
      (json, at, char, edit) => {
        const index = json.length === 0 ? 0 : at % json.length;
        const cut = edit === "insert" ? 0 : 1;
        const text =
          edit === "keep" ? json : json.slice(0, index) + (edit === "remove" ? "" : char) + json.slice(index + cut);
        expect(accepts(text)).toBe(parses(text));
      },
    ),
    { numRuns: 3000 },
  );
});

test("tells where the members and elements of the outermost container lie", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), fc.constantFrom(0, 1, 2), (value, space) => {
      const text = bytes(JSON.stringify(value, null, space));
      const { kind, offsets } = scanJson(text, "text");
      expect(kind).toBe("object");
      const members: [string, unknown][] = [];
      const slice = (from?: number, to?: number): unknown =>
        JSON.parse(Buffer.from(text.subarray(from, to)).toString());
      for (let index = 0; index < offsets.length; index += 4) {
        members.push([
          slice(offsets[index], offsets[index + 1]) as string,
          slice(offsets[index + 2], offsets[index + 3]),
        ]);
      }
      expect(Object.fromEntries(members)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  const list = bytes(' [1, "a,b" ,[2,3],{"c":[4]}]');
  const { offsets } = scanJson(list, "text");
  const elements = [0, 2, 4, 6].map((index) =>
    Buffer.from(list.subarray(offsets[index], offsets[index + 1])).toString(),
  );
  expect(elements).toEqual(["1", '"a,b"', "[2,3]", '{"c":[4]}']);
});

test("stops at the depth cap, however deep it goes", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(accepts(nested(MAX_JSON_DEPTH))).toBe(true);
  expect(() => scanJson(bytes(nested(MAX_JSON_DEPTH + 1)), "inputs")).toThrow(/inputs: nested deeper than 256 levels/);
  expect(() => scanJson(bytes('{"a":'.repeat(1_000_000)), "inputs")).toThrow(/deeper/);
});

test("says what is wrong and where", () => {
  try {
    scanJson(bytes('{"score": NaN}'), "outputs");
    expect.unreachable();
  } catch (error) {
    expect(LoopsmithError.isInstance(error) && error.details).toEqual({ field: "outputs", position: 10 });
    expect(LoopsmithError.isInstance(error) && error.hint).toContain("NaN");
  }
});

test("rests in large texts and finds the same, even inside one long string", () => {
  const long = {
    list: Array.from({ length: 40_000 }, (_, index) => ({ index, text: 'a"\\u' })),
    text: "x\\\n".repeat(3_000_000),
  };
  const text = bytes(JSON.stringify(long));
  const steps = scanJsonSteps(text, "text");
  let rests = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) {
    rests += 1;
    // Another scan in between must not disturb it.
    scanJson(bytes('[[["other"]]]'), "other");
  }
  expect(rests).toBeGreaterThan(2);
  expect(step.value.offsets).toHaveLength(8);
  expect(step.value.offsets[7]).toBe(text.length - 1);
});
