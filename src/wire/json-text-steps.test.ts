import { expect, test } from "vitest";
import { randomSource } from "../internal/random.ts";
import type { Json } from "../model/json.ts";
import { jsonTextSteps } from "./json-text-steps.ts";

function write(value: Json): { text: string; rests: number } {
  const steps = jsonTextSteps(value);
  for (let rests = 0; ; rests++) {
    const step = steps.next();
    if (step.done) return { text: step.value, rests };
  }
}

function document(random: () => number, size: number, depth = 0): Json {
  const kind = random();
  if (size < 200 || depth > 6) return kind < 0.3 ? Math.round(kind * 1e9) / 7 : '\ud83d\u0000ž\n"\\'.repeat(size / 6);
  const parts = 1 + Math.floor(random() * 6);
  const members = Array.from({ length: parts }, () => document(random, size / parts, depth + 1));
  if (kind < 0.5) return members;
  return Object.fromEntries(members.map((member, index) => [random() < 0.2 ? "__proto__" : `key ${index}"`, member]));
}

test("writes what JSON.stringify writes, whatever the size", () => {
  const random = randomSource(7);
  for (let run = 0; run < 24; run++) {
    const value = document(random, run < 20 ? 5000 : 1_200_000);
    expect(write(value).text === JSON.stringify(value)).toBe(true);
  }
  const odd = { 7: null, b: [], a: {}, none: undefined, list: Array.from({ length: 200_000 }, () => [1, {}]), 1: "x" };
  expect(write(odd).text).toBe(JSON.stringify(odd));
  expect(write([]).text).toBe("[]");
  expect(write("x".repeat(1_000_000)).text).toBe(JSON.stringify("x".repeat(1_000_000)));
});

test("rests the more often the more there is", () => {
  const list = Array.from({ length: 1_000_000 }, (_, index) => index);
  expect(write([list]).rests).toBeGreaterThan(10);
  expect(write(Object.fromEntries(list.slice(0, 300_000).map((at) => [`key ${at}`, at]))).rests).toBeGreaterThan(3);
  expect(write(list.slice(0, 100)).rests).toBe(0);
});
