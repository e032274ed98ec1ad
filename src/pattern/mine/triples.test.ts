import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_PREFIX } from "../kernel/kernel.ts";
import { PairTable } from "./pair-table.ts";
import { generateTriples } from "./triples.ts";

const ITEMS = 90;
const FAILURES = 100;

/** Random counts of all pairs of 90 items, three an attribute; item numbers are not their places. */
function pairsFrom(seed: number): {
  pairs: PairTable;
  attributeOf: number[];
  items: number[];
  f: (a: number, b: number) => number;
} {
  const f = (a: number, b: number): number => ((Math.imul(a * 131 + b, 2654435761) ^ seed) >>> 16) % FAILURES;
  const items = Array.from({ length: ITEMS }, (_, place) => 2 * place + 1);
  const attributeOf = Array.from({ length: 2 * ITEMS }, (_, item) => Math.floor(item / 6));
  const each = (value: number): Uint32Array => new Uint32Array(2 * ITEMS).fill(value);
  const totals = { failures: FAILURES, passes: 900, failing: each(50), passing: each(450) };
  const pairs = new PairTable(items, totals);
  const later = items.map((a) => items.filter((b) => b > a)).filter((list) => list.length > 0);
  const groups = {
    prefixes: Uint16Array.from(items.slice(0, -1).flatMap((a) => [a, NO_PREFIX])),
    sizes: Uint32Array.from(later, (list) => list.length),
    extensions: Uint16Array.from(later.flat()),
  };
  const perPair = (value: (a: number, b: number) => number): Uint32Array =>
    Uint32Array.from(items.slice(0, -1).flatMap((a, index) => (later[index] ?? []).map((b) => value(a, b))));
  pairs.record("failing", groups, perPair(f));
  pairs.record(
    "passing",
    groups,
    perPair(() => 200),
  );
  return { pairs, attributeOf, items, f };
}

function listed({ groups }: ReturnType<typeof generateTriples>): string[] {
  let at = 0;
  return [...groups.sizes].flatMap((size, group) => {
    const [a, b] = [groups.prefixes[2 * group], groups.prefixes[2 * group + 1]];
    return Array.from(groups.extensions.subarray(at, (at += size)), (c) => `${a},${b},${c}`);
  });
}

describe("generateTriples", () => {
  it("lists exactly the triples of frequent pairs from three attributes", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 40, max: 95 }), (seed, least) => {
        const { pairs, attributeOf, items, f } = pairsFrom(seed);
        const ok = (a: number, b: number): boolean => f(a, b) >= least && attributeOf[a] !== attributeOf[b];
        const expected: string[] = [];
        for (const a of items) {
          for (const b of items.filter((b) => b > a && ok(a, b))) {
            for (const c of items) if (c > b && ok(a, c) && ok(b, c)) expected.push(`${a},${b},${c}`);
          }
        }
        const triples = generateTriples(pairs, attributeOf, least, 1e6);
        expect(listed(triples)).toEqual(expected);
        expect(triples.skipped).toBe(0);
      }),
      { numRuns: 10 },
    );
  });

  it("keeps triples two of whose pairs interact most when there are too many, and says how many it left", () => {
    const { pairs, attributeOf, f } = pairsFrom(1);
    const all = listed(generateTriples(pairs, attributeOf, 60, 1e6));
    const triples = generateTriples(pairs, attributeOf, 60, 500);
    const second = (key: string): number => {
      const [a = 0, b = 0, c = 0] = key.split(",").map(Number);
      return [f(a, b), f(a, c), f(b, c)].sort((x, y) => x - y)[1] ?? 0;
    };
    const kept = listed(triples);
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.length).toBeLessThanOrEqual(500);
    expect(kept.length + triples.skipped).toBe(all.length);
    // With equal items and passing counts, what a pair has beyond its items grows with f.
    const left = all.filter((key) => !kept.includes(key));
    expect(Math.min(...kept.map(second))).toBeGreaterThanOrEqual(Math.max(...left.map(second)));
    expect(kept.every((key) => all.includes(key))).toBe(true);
  });
});
