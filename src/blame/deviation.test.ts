import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import { addToNormality, deviationEvidence, learnNormality, mergeNormality } from "./deviation.ts";
import { executionOrder } from "./execution-order.ts";
import { distanceFrom } from "./mahalanobis.ts";
import { sketchTrace, text } from "./trace.fixture.ts";

/** A trace whose tool answers with about `length` words. */
function answering(words: number) {
  return sketchTrace([
    { id: "root" },
    { id: "search", inputs: text("find it"), outputs: text("word ".repeat(words)) },
    { id: "answer", kind: "llm" },
  ]);
}

function history(count: number) {
  const random = randomSource(3);
  return Array.from({ length: count }, () => answering(40 + Math.floor(20 * random())));
}

describe("deviationEvidence", () => {
  it("finds the span that is unlike its kin and says in what", () => {
    const normality = learnNormality(history(60));
    const [root, search] = deviationEvidence(executionOrder(answering(3)), normality);
    expect(root).toBeNull();
    expect(search!.kind).toBe("deviation");
    expect(search!.text).toMatch(
      /^unlike the 60 search spans of passing traces, most in (change in )?outputs length \(\d+\.\d standard deviations\)$/,
    );
    expect(search!.weight).toBeGreaterThan(0.5);
  });

  it("leaves the ordinary alone, and names it had too few of", () => {
    expect(deviationEvidence(executionOrder(answering(50)), learnNormality(history(60)))).toEqual([null, null, null]);
    expect(deviationEvidence(executionOrder(answering(3)), learnNormality(history(19)))).toEqual([null, null, null]);
  });

  it("raises few false alarms on fresh passing traces", () => {
    const normality = learnNormality(history(200));
    const random = randomSource(99);
    const alarms = Array.from({ length: 200 }, () => answering(40 + Math.floor(20 * random()))).filter((trace) =>
      deviationEvidence(executionOrder(trace), normality).some((evidence) => evidence !== null),
    );
    expect(alarms.length).toBeLessThan(20);
  });
});

describe("normality as moments", () => {
  it("merges like the traces it was learned from", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 12 }), fc.nat(12), (sizes, cut) => {
        const traces = sizes.map(answering);
        const merged = mergeNormality(learnNormality(traces.slice(0, cut)), learnNormality(traces.slice(cut)));
        const whole = learnNormality(traces);
        expect(Object.keys(merged)).toEqual(Object.keys(whole));
        for (const [name, moments] of Object.entries(whole)) {
          expect(merged[name]!.count).toBe(moments.count);
          for (const [i, value] of moments.products.entries()) expect(merged[name]!.products[i]).toBeCloseTo(value, 6);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("leaves what it merges as it was", () => {
    const part = learnNormality(history(2));
    const before = JSON.stringify(part);
    addToNormality(mergeNormality(part), answering(5));
    expect(JSON.stringify(part)).toBe(before);
  });
});

describe("distanceFrom", () => {
  it("is the textbook distance when measures are independent and many", () => {
    const random = randomSource(5);
    const rows = Array.from({ length: 20_000 }, () => [2 * random(), 10 * random()]);
    const sum = [0, 1].map((a) => rows.reduce((total, row) => total + row[a]!, 0));
    const pairs = [
      [0, 0],
      [1, 0],
      [1, 1],
    ] as const;
    const products = pairs.map(([a, b]) => rows.reduce((total, row) => total + row[a]! * row[b]!, 0));
    const { squared, furthest } = distanceFrom({ count: rows.length, sum, products })([1, 15]);
    // Variance of a uniform number over [0, 10] is 100 / 12; 15 lies 10 above its mean of 5.
    expect(squared).toBeCloseTo(100 / (100 / 12), 0);
    expect(furthest).toBe(1);
  });

  it("stays finite when measures never varied or repeat each other", () => {
    const constant = { count: 50, sum: [50, 50], products: [50, 50, 50] };
    expect(distanceFrom(constant)([1, 1]).squared).toBe(0);
    expect(Number.isFinite(distanceFrom(constant)([9, -9]).squared)).toBe(true);
  });
});
