import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bettingInterval, createBettingTest } from "./paired-betting.ts";
import type { BettingOptions } from "./paired-betting.ts";

/** Every sequence of ties, wins and losses of a length, with its probability. */
function* sequences(length: number, win: number, loss: number): Generator<[differences: number[], chance: number]> {
  for (let code = 0; code < 3 ** length; code += 1) {
    let [rest, chance] = [code, 1];
    const differences = Array.from({ length }, () => {
      const outcome = (rest % 3) - 1;
      rest = Math.floor(rest / 3);
      chance *= outcome === 1 ? win : outcome === -1 ? loss : 1 - win - loss;
      return outcome;
    });
    yield [differences, chance];
  }
}

/** Mean e-value at the end, and the chance that it ever reached the bar, by enumeration. */
function exact(
  length: number,
  win: number,
  loss: number,
  options: BettingOptions,
): { mean: number; everReached: number } {
  let [mean, everReached] = [0, 0];
  for (const [differences, chance] of sequences(length, win, loss)) {
    const test = run(differences, options);
    mean += chance * test.eValue;
    if (test.peak >= 1 / options.alpha) everReached += chance;
  }
  return { mean, everReached };
}

function run(differences: readonly number[], options: BettingOptions): ReturnType<typeof createBettingTest> {
  const test = createBettingTest(options);
  for (const difference of differences) test.observe(difference);
  return test;
}

describe("createBettingTest", () => {
  const nulls: [string, number, number, BettingOptions][] = [
    ["as many wins as losses", 0.4, 0.4, { alpha: 0.2, planned: 9 }],
    ["as many wins as losses, few differ", 0.1, 0.1, { alpha: 0.2, planned: 9 }],
    ["more losses than wins", 0.2, 0.5, { alpha: 0.2, planned: 9 }],
    ["a plan shorter than the data", 0.4, 0.4, { alpha: 0.2, planned: 4 }],
    ["no plan", 0.4, 0.4, { alpha: 0.2 }],
    ["on the edge of a margin", 0.2, 0.4, { alpha: 0.2, planned: 9, nullMean: -0.2 }],
    ["on the edge of a wished improvement", 0.4, 0.2, { alpha: 0.2, planned: 9, nullMean: 0.2 }],
  ];

  it.each(nulls)("keeps its promise exactly over all 19,683 sequences: %s", (_name, win, loss, options) => {
    const { mean, everReached } = exact(9, win, loss, options);
    expect(mean).toBeLessThanOrEqual(1 + 1e-9);
    expect(everReached).toBeLessThanOrEqual(options.alpha + 1e-9);
  });

  it("pays exactly 1 on average on the edge of the null, so nothing is given away", () => {
    expect(exact(7, 0.3, 0.3, { alpha: 0.05, planned: 7 }).mean).toBeCloseTo(1, 9);
    expect(exact(7, 0.2, 0.4, { alpha: 0.05, planned: 7, nullMean: -0.2 }).mean).toBeCloseTo(1, 9);
  });

  it("finds a clear improvement early, and a plan adds power", () => {
    expect(run(Array(9).fill(1), { alpha: 0.05, planned: 200 }).peak).toBeGreaterThan(20);
    const weak = Array.from({ length: 100 }, (_, index) => [1, 0, 1, 0, -1][index % 5] ?? 0);
    expect(run(weak, { alpha: 0.05, planned: 100 }).peak).toBeGreaterThanOrEqual(20);
    expect(run(weak, { alpha: 0.05 }).peak).toBeLessThan(20);
  });

  it("is untouched by pairs that agree, apart from the plan", () => {
    const ties = [0, 0, 0];
    expect(run([...ties, 1, ...ties, 1, -1], { alpha: 0.05 }).eValue).toBe(run([1, 1, -1], { alpha: 0.05 }).eValue);
  });

  it("stays finite and non-negative for any differences", () => {
    const difference = fc.double({ min: -1, max: 1, noNaN: true });
    const options = fc.record({
      alpha: fc.constantFrom(0.001, 0.05, 0.5),
      planned: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      nullMean: fc.double({ min: -0.9, max: 0.9, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(difference, { maxLength: 80 }), options, (differences, { planned, ...rest }) => {
        const test = run(differences, { ...rest, ...(planned !== undefined && { planned }) });
        expect(test.eValue).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(test.peak)).toBe(true);
        expect(test.count).toBe(differences.length);
      }),
    );
    expect(run(Array(5000).fill(1), { alpha: 0.05 }).eValue).toBe(1e300);
  });
});

describe("bettingInterval", () => {
  it("is above 0 exactly when the test rejected at 0", () => {
    const outcomes = fc.array(fc.constantFrom(-1, 0, 1, 1), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(outcomes, fc.constantFrom(undefined, 30, 60), (differences, planned) => {
        const options = { alpha: 0.1, ...(planned !== undefined && { planned }) };
        const { low, high } = bettingInterval(differences, options);
        expect(low >= 0).toBe(run(differences, options).peak >= 10);
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });

  it("reaches another null exactly when the test of that null rejected it, on either side", () => {
    const outcomes = fc.array(fc.constantFrom(-1, 0, 0, 0, 1, 1), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(outcomes, fc.constantFrom(undefined, 60, 120), (differences, planned) => {
        const options = { alpha: 0.1, ...(planned !== undefined && { planned }) };
        const { low, high } = bettingInterval(differences, { ...options, lowNull: -0.1, highNull: 0.05 });
        expect(low >= -0.1).toBe(run(differences, { ...options, nullMean: -0.1 }).peak >= 10);
        const negated = differences.map((difference) => -difference);
        expect(high <= -0.05).toBe(run(negated, { ...options, nullMean: 0.05 }).peak >= 10);
      }),
    );
  });

  it("covers the true mean at every number of pairs at once, in at least the promised share of sequences", () => {
    let missed = 0;
    for (const [differences, chance] of sequences(7, 0.5, 0.2)) {
      const { low, high } = bettingInterval(differences, { alpha: 0.1, planned: 7 });
      if (low > 0.3 || high < 0.3) missed += chance;
    }
    expect(missed).toBeLessThanOrEqual(0.2);
  });

  it("narrows to the mean", () => {
    const { low, high } = bettingInterval(
      Array.from({ length: 3000 }, (_, index) => [1, 0, 0, 0, -1, 1, 0, 0, 0, 0][index % 10] ?? 0),
      {
        alpha: 0.05,
        planned: 3000,
      },
    );
    expect(low).toBeGreaterThan(0.06);
    expect(high).toBeLessThan(0.14);
  });
});
