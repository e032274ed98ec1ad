import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { benjaminiHochberg } from "../../internal/statistics/benjamini-hochberg.ts";
import { fisherGreater } from "../../internal/statistics/fisher.ts";
import type { Counts } from "../../internal/statistics/fisher.ts";
import { riskRatio } from "../../internal/statistics/risk-ratio.ts";
import { matchesPattern } from "../../model/pattern.ts";
import type { FeatureRow } from "../../model/pattern.ts";
import { buildTable } from "../bit-table.ts";
import { buildCodebook } from "../codebook.ts";
import type { Codebook } from "../codebook.ts";
import { createKernel } from "../kernel/create-kernel.ts";
import { bySureness, candidateOf } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { randomSource } from "../../internal/random.ts";
import { answerRequest } from "./answer-request.ts";
import { answerAll } from "./count-request.ts";
import { enumerate } from "./enumerate.ts";
import { firstOfEachKind } from "./kind.ts";
import { search } from "./search.ts";

const ALPHA = 0.5;
const OPTIONS = { alpha: ALPHA, minSupport: 0.05, maxDepth: 3, maxItems: 2048, maxCandidates: 1e6 } as const;
const WEIGHTS = [0.6, 0.3, 0.1];

/** Small tables where failing depends on some features, so that there is something to find. */
const tables = fc
  .record({ seed: fc.integer(), rows: fc.integer({ min: 30, max: 500 }), strength: fc.constantFrom(0, 0.4, 0.8, 0.95) })
  .map(({ seed, rows, strength }) => {
    const random = randomSource(seed);
    return Array.from({ length: rows }, (_, i): FeatureRow => {
      const features: Record<string, string | number | boolean> = {
        a: "xyz".charAt(random() * 3),
        n: Math.floor(random() * 5),
      };
      if (random() < 0.7) features["b"] = random() < 0.5;
      if (random() < 0.8) features["m"] = Math.round(random() * 20) / 20;
      if (features["b"] !== undefined) features["b.twin"] = features["b"];
      const planted = features["a"] === "x" && Number(features["n"]) >= 2 && features["b"] !== true;
      return { traceId: `t${i}`, at: i, failed: random() < 0.05 + (planted ? strength : 0), features };
    });
  });

/** Counting by definition: loops over rows. */
function counter(
  rows: readonly FeatureRow[],
  { items }: Codebook,
): { columns: string[]; counts: (set: readonly number[]) => Counts } {
  const failures = rows.filter((row) => row.failed).length;
  const columns = items.map((item) => rows.map((row) => (matchesPattern(row.features, [item]) ? "1" : "0")).join(""));
  const count = (set: readonly number[], failed: boolean): number =>
    rows.filter((row, at) => row.failed === failed && set.every((item) => columns[item]?.[at] === "1")).length;
  return {
    columns,
    counts: (set) => ({
      failing: count(set, true),
      failures,
      passing: count(set, false),
      passes: rows.length - failures,
    }),
  };
}

/** The search by definition: every set of items of different features, every test. */
function bruteForce(rows: readonly FeatureRow[], codebook: Codebook): Candidate[] {
  const { items, attributeOf } = codebook;
  const { columns, counts } = counter(rows, codebook);
  const { failures } = counts([]);
  const supported = Math.max(3, Math.ceil(OPTIONS.minSupport * failures - 1e-9));
  const plainest = (a: number, b: number): number =>
    (items[a]?.feature.length ?? 0) - (items[b]?.feature.length ?? 0) || a - b;
  const kept = items
    .map((_, item) => item)
    .filter((item) => {
      const { failing, passing } = counts([item]);
      return failing + passing >= supported && failing + passing < rows.length;
    })
    .filter((item, _, all) => !all.some((other) => columns[other] === columns[item] && plainest(other, item) < 0));
  const sets: number[][][] = [kept.map((item) => [item]), [], []];
  for (const depth of [1, 2]) {
    for (const set of sets[depth - 1] ?? []) {
      for (const item of kept) {
        if (item > (set.at(-1) ?? 0) && set.every((other) => attributeOf[other] !== attributeOf[item]))
          sets[depth]?.push([...set, item]);
      }
    }
  }
  const properParts = (set: readonly number[]): number[][] =>
    Array.from({ length: 2 ** set.length - 2 }, (_, mask) => set.filter((_, bit) => ((mask + 1) >> bit) % 2 === 1));
  const within = (set: readonly number[], part: readonly number[]): number => {
    const [inner, outer] = [counts(set), counts(part)];
    return fisherGreater({ ...inner, failures: outer.failing, passes: outer.passing });
  };
  const found: Candidate[] = [];
  sets.forEach((level, index) => {
    const weight = WEIGHTS[index] ?? 0;
    const testable = (set: readonly number[]): boolean => {
      const f = counts(set).failing;
      let best = 1;
      for (let i = 0; i < f; i += 1) best *= (failures - i) / (rows.length - i);
      return f >= supported && best <= (ALPHA * weight) / level.length;
    };
    const p = level.map((set) => (testable(set) ? fisherGreater(counts(set)) : 1));
    const strictP = level.map((set, at) => Math.max(p[at] ?? 1, ...properParts(set).map((part) => within(set, part))));
    const q = benjaminiHochberg(strictP, level.length);
    level.forEach((set, at) => {
      const tested = { p: p[at] ?? 1, strictP: strictP[at] ?? 1, q: (q[at] ?? 1) / weight };
      if (tested.q <= ALPHA && riskRatio(counts(set)).low > 1) found.push(candidateOf(set, [counts(set)], tested));
    });
  });
  return firstOfEachKind(found.sort(bySureness), codebook);
}

describe("enumerate", () => {
  it("counts every conjunction that has enough failing runs and too many for chance", () => {
    const kernel = createKernel();
    let triples = 0;
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 6 }), (rows, least) => {
        const codebook = buildCodebook(rows, { maxCuts: 3 });
        const { counts } = counter(rows, codebook);
        const every = codebook.items.map((_, item) => item);
        const totals = counts([]);
        const side = (which: "failing" | "passing"): Uint32Array =>
          Uint32Array.from(every, (item) => counts([item])[which]);
        const { levels } = answerAll(
          enumerate(
            { items: every, deep: every, sizes: [], dropped: [] },
            codebook.attributeOf,
            { failures: totals.failures, passes: totals.passes, failing: side("failing"), passing: side("passing") },
            [1, 1, 1].map(() => ({ hypotheses: 1, weight: 1, least })),
            1e6,
          ),
          (request) => answerRequest(kernel, buildTable(codebook, rows), request),
        );
        const counted = new Map<string, string>();
        for (const { depth, size, items, failing, passing } of levels) {
          for (let row = 0; row < size; row += 1) {
            counted.set(items.slice(row * depth, (row + 1) * depth).join(), `${failing[row]}/${passing[row]}`);
          }
        }
        const apart = (set: readonly number[]): boolean =>
          new Set(set.map((item) => codebook.attributeOf[item])).size === set.length;
        for (const a of every) {
          for (const b of every.slice(a)) {
            for (const c of every.slice(b)) {
              const set = [...new Set([a, b, c])];
              const { failing, failures, passing, passes } = counts(set);
              const notable = failing >= least && failing * passes > passing * failures;
              const entry = counted.get(set.join());
              if (entry !== undefined || (notable && apart(set))) expect(entry).toBe(`${failing}/${passing}`);
              if (entry !== undefined && set.length === 3) triples += 1;
            }
          }
        }
      }),
      { numRuns: 12, seed: 3 },
    );
    expect(triples).toBeGreaterThan(1000);
  });
});

describe("search", () => {
  it.each(["wasm", "js"] as const)("finds exactly what brute force finds (%s kernel)", (name) => {
    const kernel = createKernel(name);
    const depths = [0, 0, 0, 0];
    fc.assert(
      fc.property(tables, (rows) => {
        const codebook = buildCodebook(rows, { maxCuts: 3 });
        const table = buildTable(codebook, rows);
        const { candidates } = answerAll(search(codebook, OPTIONS), (request) => answerRequest(kernel, table, request));
        const expected = bruteForce(rows, codebook);
        expect(candidates.map(({ items }) => items)).toEqual(expected.map(({ items }) => items));
        candidates.forEach(({ p, strictP, q }, at) => {
          expect(p).toBeCloseTo(expected[at]?.p ?? Number.NaN, 12);
          expect(strictP).toBeCloseTo(expected[at]?.strictP ?? Number.NaN, 12);
          expect(q).toBeCloseTo(expected[at]?.q ?? Number.NaN, 12);
        });
        for (const { items } of candidates) depths[items.length] = (depths[items.length] ?? 0) + 1;
      }),
      { numRuns: 40, seed: 6 },
    );
    // The comparison means little if some depth never comes up.
    expect(Math.min(...depths.slice(1))).toBeGreaterThan(5);
  });
});
