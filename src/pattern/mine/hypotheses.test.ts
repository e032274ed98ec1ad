import { describe, expect, it } from "vitest";
import { fisherGreater } from "../../internal/statistics/fisher.ts";
import { depthBudgets } from "./hypotheses.ts";
import { PairTable } from "./pair-table.ts";
import { leastZ, productivityTest } from "./productivity.ts";

describe("depthBudgets", () => {
  it("bills every conjunction of items of different attributes", () => {
    // Three attributes with 2, 3 and 4 items: 9, then 2*3 + 2*4 + 3*4, then 2*3*4.
    const budgets = depthBudgets(
      [2, 3, 4],
      { failures: 100, passes: 900 },
      { alpha: 0.05, minSupport: 0.02, maxDepth: 3 },
    );
    expect(budgets.map(({ hypotheses }) => hypotheses)).toEqual([9, 26, 24]);
    expect(budgets.map(({ weight }) => weight)).toEqual([0.6, 0.3, 0.1]);
  });

  it("spends no more than alpha at any depth limit", () => {
    for (const maxDepth of [1, 2, 3]) {
      const budgets = depthBudgets([2, 3], { failures: 10, passes: 10 }, { alpha: 0.05, minSupport: 0, maxDepth });
      expect(budgets.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
    }
  });

  it("leaves out what cannot be significant even with no passing run (Tarone)", () => {
    const totals = { failures: 60, passes: 440 };
    const [first] = depthBudgets([1000], totals, { alpha: 0.05, minSupport: 0.01, maxDepth: 1 });
    const best = (failing: number): number => fisherGreater({ failing, passing: 0, ...totals });
    const least = first?.least ?? 0;
    expect(best(least)).toBeLessThanOrEqual(0.05 / 1000);
    expect(best(least - 1)).toBeGreaterThan(0.05 / 1000);
    expect(
      depthBudgets([1000], { failures: 3, passes: 5 }, { alpha: 0.05, minSupport: 0, maxDepth: 1 })[0]?.least,
    ).toBe(4);
  });

  it("keeps the asked-for support, and three runs at least", () => {
    const [wide] = depthBudgets([4], { failures: 1000, passes: 1000 }, { alpha: 0.05, minSupport: 0.05, maxDepth: 1 });
    expect(wide?.least).toBe(50);
    const [narrow] = depthBudgets([1], { failures: 100, passes: 1e6 }, { alpha: 0.05, minSupport: 0, maxDepth: 1 });
    expect(narrow?.least).toBe(3);
  });
});

describe("leastZ", () => {
  it("is below the z of every hypergeometric tail", () => {
    for (const runs of [5, 12, 30, 200]) {
      for (let failures = 1; failures < runs; failures += Math.ceil(runs / 40)) {
        for (let matching = 1; matching < runs; matching += Math.ceil(runs / 40)) {
          const variance = (matching * (runs - matching) * failures * (runs - failures)) / (runs * runs * (runs - 1));
          const mean = (matching * failures) / runs;
          for (let failing = Math.ceil(mean); failing <= Math.min(matching, failures); failing += 1) {
            const passing = matching - failing;
            if (passing > runs - failures) continue;
            const p = fisherGreater({ failing, failures, passing, passes: runs - failures });
            expect((failing - mean) / Math.sqrt(variance)).toBeGreaterThanOrEqual(leastZ(p) - 1e-9);
          }
        }
      }
    }
  });
});

describe("productivityTest", () => {
  const totals = {
    failures: 200,
    passes: 1800,
    failing: Uint32Array.of(150, 150, 150),
    passing: Uint32Array.of(900, 900, 900),
  };
  const pairs = new PairTable([0, 1, 2], totals);
  const groups = {
    prefixes: Uint16Array.of(0, 0xffff, 1, 0xffff),
    sizes: Uint32Array.of(2, 1),
    extensions: Uint16Array.of(1, 2, 2),
  };
  // Pairs 0-1 and 0-2 are weak; 1-2 is as strong as the triple below.
  pairs.record("failing", groups, Uint32Array.of(140, 140, 130));
  pairs.record("passing", groups, Uint32Array.of(800, 800, 100));
  const test = productivityTest(totals, pairs, 0.001);

  it("wants every part beaten, whichever conditions are left out", () => {
    expect(test([0, 1, 2], 125, 96)).toBe(1);
    expect(test([0, 1, 2], 125, 20)).toBeLessThan(0.001);
    expect(test([1, 2], 130, 100)).toBeLessThan(0.001);
    expect(test([0, 1], 140, 800)).toBe(1);
  });

  it("is the largest p of all parts", () => {
    const within = (failures: number, passes: number): number =>
      fisherGreater({ failing: 125, failures, passing: 20, passes });
    expect(test([0, 1, 2], 125, 20)).toBe(Math.max(within(150, 900), within(140, 800), within(130, 100)));
  });

  it("always accepts a single condition", () => {
    expect(test([0], 1, 900)).toBe(0);
  });
});
