import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createIntMap } from "./int-map.ts";

it("answers like a Map, however many keys and whatever they are", () => {
  const keys = fc.array(fc.oneof(fc.integer(), fc.integer({ min: -4, max: 4 }), fc.constantFrom(0, -1, 2 ** 31 - 1)));
  fc.assert(
    fc.property(keys, keys, (put, asked) => {
      const ours = createIntMap();
      const reference = new Map<number, number>();
      for (const [i, key] of put.entries()) {
        if (!reference.has(key)) reference.set(key, i);
        expect(ours.getOrSet(key, i)).toBe(reference.get(key));
      }
      for (const key of [...put, ...asked]) expect(ours.get(key)).toBe(reference.get(key) ?? -1);
    }),
  );
});

it("grows beyond what was expected", () => {
  const map = createIntMap(10);
  for (let i = 0; i < 10_000; i++) map.getOrSet(i * 4096, i);
  for (let i = 0; i < 10_000; i++) expect(map.get(i * 4096)).toBe(i);
  expect(map.get(1)).toBe(-1);
});
