import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesPredicate } from "../model/pattern.ts";
import type { FeatureRow, FeatureValue } from "../model/pattern.ts";
import { buildCodebook, encodeRow, itemsHeld } from "./codebook.ts";
import { roundCuts, roundestBetween } from "./round-cuts.ts";

const value: fc.Arbitrary<FeatureValue> = fc.oneof(
  fc.constantFrom("a", "b", "c", true, false, null),
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.integer({ min: 0, max: 3 }),
);
const tables = fc.array(fc.dictionary(fc.constantFrom("x", "y", "z.count"), value), { minLength: 5, maxLength: 60 });

const rowsOf = (table: FeatureRow["features"][]): Pick<FeatureRow, "traceId" | "features">[] =>
  table.map((features, index) => ({ traceId: `t${index}`, features }));

describe("buildCodebook", () => {
  it("encodes exactly the predicates that hold", () => {
    fc.assert(
      fc.property(tables, (table) => {
        const rows = rowsOf(table);
        const codebook = buildCodebook(rows, { minRows: 1, maxCuts: 4 });
        for (const { features } of rows) {
          const held = codebook.items.flatMap((predicate, item) =>
            matchesPredicate(features, predicate) ? [item] : [],
          );
          expect(itemsHeld(codebook, encodeRow(codebook, features))).toEqual(held);
        }
      }),
    );
  });

  it("does not depend on the order of the rows", () => {
    fc.assert(
      fc.property(tables, (table) => {
        const rows = rowsOf(table);
        expect(buildCodebook(rows.toReversed())).toEqual(buildCodebook(rows));
      }),
    );
  });

  it("adds pass marks by score key", () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({
      traceId: `t${i}`,
      features: { "retrieval.relevance": i / 200 },
    }));
    const cuts = buildCodebook(rows, { maxCuts: 3, passMarks: { relevance: 0.6125 } }).attributes[0]?.cuts;
    expect(cuts).toEqual([0.2, 0.5, 0.6125, 0.8]);
  });

  it("looks at a sample of many rows that does not depend on their order", () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => ({ traceId: `t${i}`, features: { x: (i * 7919) % 5_000 } }));
    const codebook = buildCodebook(rows, { sampleRows: 500, maxCuts: 3 });
    expect(buildCodebook(rows.toReversed(), { sampleRows: 500, maxCuts: 3 })).toEqual(codebook);
    expect(codebook.attributes[0]?.cuts).toEqual([1000, 2500, 3500]);
  });

  it("says what it drops", () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({
      traceId: `t${i}`,
      features: { user: `u${i % 20}`, free: `text ${i}` },
    }));
    const { dropped, items } = buildCodebook(rows, { maxValues: 3 });
    expect(dropped).toEqual(["free: 100 different values, none in 5 runs", "17 of 20 values of user (limit 3)"]);
    expect(items).toHaveLength(3);
  });

  it("never turns the culprit or the reason into a hypothesis", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      traceId: `t${i}`,
      features: { culprit: "retrieval", reason: "timed out", ok: i % 2 === 0 },
    }));
    expect(buildCodebook(rows).attributes.map((attribute) => attribute.feature)).toEqual(["ok"]);
  });
});

describe("roundCuts", () => {
  it("cuts between few distinct values", () => {
    expect(roundCuts([0, 0, 1, 1, 1, 4], 15)).toEqual([1, 4]);
    expect(roundCuts([3, 3, 3], 15)).toEqual([]);
  });

  it("rounds quantiles to readable numbers without leaving their neighbourhood", () => {
    const values = Array.from({ length: 1000 }, (_, i) => 1200 + i * 1.37);
    const cuts = roundCuts(values, 3);
    expect(cuts).toEqual([1500, 1800, 2200]);
  });

  it("finds the roundest number in an interval", () => {
    expect(roundestBetween(0.4812, 0.5423)).toBe(0.5);
    expect(roundestBetween(-3, 2)).toBe(0);
    expect(roundestBetween(1983, 2011)).toBe(2000);
    expect(roundestBetween(-0.31, -0.29)).toBe(-0.3);
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        (low, width) => {
          const cut = roundestBetween(low, low + width);
          expect(cut > low && cut <= low + width).toBe(true);
        },
      ),
    );
  });
});
