import { expect, test } from "vitest";
import { randomSource } from "../random.ts";
import { addToReference, EMPTY_REFERENCE, referenceShare } from "./reference-rate.ts";

test("the upper bound stays above the true rate over a whole life, in at least the promised share of lives", () => {
  const random = randomSource(3);
  let broken = 0;
  for (let life = 0; life < 500; life += 1) {
    let reference = EMPTY_REFERENCE;
    let ok = true;
    for (let step = 0; step < 200 && ok; step += 1) {
      let failing = 0;
      for (let run = 0; run < 25; run += 1) if (random() < 0.1) failing += 1;
      reference = addToReference(reference, failing, 25, { confidence: 0.9 });
      ok = reference.upper >= 0.1;
    }
    if (!ok) broken += 1;
  }
  expect(broken / 500).toBeLessThan(0.1);
});

test("says nothing before the first look, tightens at doublings only, and stops at its limit", () => {
  let reference = addToReference(EMPTY_REFERENCE, 5, 99);
  expect(reference).toMatchObject({ looks: 0, lower: 0, upper: 1 });
  reference = addToReference(reference, 0, 1);
  expect(reference.looks).toBe(1);
  const { upper } = reference;
  reference = addToReference(reference, 5, 99);
  expect(reference.upper).toBe(upper);
  reference = addToReference(reference, 0, 1);
  expect(reference.upper).toBeLessThan(upper);
  expect(referenceShare(reference)).toBeCloseTo(0.05);
  expect(addToReference(reference, 50, 50, { limit: 200 })).toBe(reference);
});
