import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGate, gate } from "./gate.ts";
import type { GatePair } from "./gate-pair.ts";
import { gateExitCode } from "./gate-verdict.ts";

/** `W` the candidate wins, `L` it loses, `+` both pass, `-` both fail; repeated. */
function pairs(outcomes: string, rest: Partial<GatePair> = {}, repeat = 1): GatePair[] {
  return outcomes
    .repeat(repeat)
    .split("")
    .map((outcome, index) => ({
      exampleId: `example-${index}`,
      baseline: { pass: outcome === "L" || outcome === "+" },
      candidate: { pass: outcome === "W" || outcome === "+" },
      ...rest,
    }));
}

const better = pairs("W+-W+W-L++", {}, 10);
const same = pairs("W+-L++--", {}, 10);
const worse = pairs("L+-L+L-W++", {}, 10);

describe("gate", () => {
  it("passes an improvement, and says so in figures", () => {
    const result = gate(better, { planned: 100 });
    expect(result).toMatchObject({
      verdict: "PASS",
      pairs: 100,
      wins: 30,
      losses: 10,
      ties: 60,
      bar: 20,
      moreExamples: null,
    });
    expect(result.eValue).toBeGreaterThanOrEqual(20);
    expect(result.decidedAt).toBeLessThan(100);
    expect(result.improvement.estimate).toBeCloseTo(0.2);
    expect(result.improvement.low).toBeGreaterThanOrEqual(0);
    // statsmodels: mcnemar([[0, 30], [10, 0]], exact=True).
    expect(result.pMcNemar).toBeCloseTo(0.002221, 6);
    expect(result.explanation).toMatch(/candidate reaches 70% and the baseline 50%: \+20\.0 points/);
    expect(gateExitCode(result)).toBe(0);
  });

  it("fails a candidate that is worse", () => {
    const result = gate(worse, { planned: 100 });
    expect(result).toMatchObject({ verdict: "FAIL", moreExamples: null });
    expect(result.explanation).toContain("It is worse");
    expect(gateExitCode(result)).toBe(1);
  });

  it("is inconclusive about an equal one, and names how many more examples it needs", () => {
    const result = gate(same, { planned: 80 });
    expect(result.verdict).toBe("INCONCLUSIVE");
    expect(result.moreExamples).toBeGreaterThan(200);
    expect(result.explanation).toContain(`About ${result.moreExamples} more target examples`);
    expect(gateExitCode(result)).toBe(2);
  });

  it("fails an equal candidate once it is clear that the wished improvement is not there", () => {
    const equal = pairs("+-++-+-+-W+--++L", {}, 20);
    expect(gate(equal, { planned: 320, minImprovement: 0.1 })).toMatchObject({ verdict: "FAIL" });
    expect(gate(equal, { planned: 320 })).toMatchObject({ verdict: "INCONCLUSIVE" });
  });

  it("asks the more of a candidate the more candidates there are", () => {
    const some = pairs("W+-W+W-L++", {}, 4);
    expect(gate(some, { planned: 40 }).verdict).toBe("PASS");
    expect(gate(some, { planned: 40, candidates: 10 })).toMatchObject({ verdict: "INCONCLUSIVE", bar: 200 });
  });

  it("does not take its plan from the results", () => {
    const weak = pairs("W+-W+-L+-+", {}, 10);
    expect(gate(weak, { planned: 100 }).eValue).toBeGreaterThan(gate(weak).eValue);
  });

  it("keeps a pass when pairs in flight arrive after the bar was reached", () => {
    const reached = [...pairs("W".repeat(12)), ...pairs("LLL")];
    const result = gate(reached, { planned: 200 });
    expect(result.verdict).toBe("PASS");
    expect(result.decidedAt).toBeLessThanOrEqual(12);
  });

  it("compares shares of repetitions and scores the same way", () => {
    const repeated = better.map((pair, index) => ({
      ...pair,
      baseline: { pass: pair.baseline.pass === true ? 1 : index % 3 === 0 ? 1 / 3 : 0 },
    }));
    expect(gate(repeated, { planned: 100 }).verdict).toBe("PASS");
    const scored = better.map((pair, index) => ({
      ...pair,
      baseline: { pass: null, score: 2 + (index % 5) * 0.1 },
      candidate: { pass: null, score: 3 + (index % 7) * 0.2 },
    }));
    const result = gate(scored, { measure: { score: [1, 5] }, planned: 100 });
    expect(result.verdict).toBe("PASS");
    expect(result.scoreDifference?.low).toBeGreaterThan(1);
    expect(result.improvement.estimate).toBeCloseTo((result.scoreDifference?.estimate ?? 0) / 4, 9);
  });

  it("says nothing without examples", () => {
    expect(gate([])).toMatchObject({ verdict: "INCONCLUSIVE", pairs: 0, explanation: "No target example was judged." });
  });

  it("does not pass while too many results are missing", () => {
    const holes = pairs("+".repeat(10)).map((pair) => ({ ...pair, candidate: { pass: null } }));
    const result = gate([...better, ...holes], { planned: 100 });
    expect(result).toMatchObject({ verdict: "INCONCLUSIVE", missing: 10, pairs: 100 });
    expect(gate([...better, ...holes], { planned: 100, maxMissing: 0.1 }).verdict).toBe("PASS");
  });

  it.each([
    [{ alpha: 0 }, "alpha"],
    [{ candidates: 0 }, "candidates"],
    [{ planned: 0 }, "planned"],
    [{ minImprovement: 1 }, "minImprovement"],
    [{ maxMissing: 2 }, "maxMissing"],
    [{ measure: { score: [1, 1] as const } }, "measure"],
  ])("refuses %j", (options, name) => {
    expect(() => gate([], options)).toThrow(expect.objectContaining({ code: "invalid", details: { name } }));
  });

  it("refuses results outside their range", () => {
    const broken = [{ exampleId: "x", baseline: { pass: 2 }, candidate: { pass: 1 } }];
    expect(() => gate(broken)).toThrow(/Example x has 2/);
  });
});

describe("gate over slices", () => {
  const onSlice = (outcomes: string, repeat: number, slice: string): GatePair[] =>
    pairs(outcomes, { control: true, slices: [slice] }, repeat);
  const planned = { rare: 60, controls: 60 };

  it("passes when every slice is shown to hold", () => {
    const result = gate([...better, ...onSlice("++++-+++-+", 6, "rare")], { planned: 100, slices: { planned } });
    expect(result.verdict).toBe("PASS");
    expect(result.slices.map(({ name, status }) => [name, status])).toEqual([
      ["rare", "held"],
      ["controls", "held"],
    ]);
    expect(result.controls).toBe(60);
    expect(result.slices.every(({ low, margin }) => low >= -margin)).toBe(true);
  });

  it("gives the bound that belongs to the test, so that text and figures agree", () => {
    const result = gate([...better, ...onSlice("++++++++L+", 12, "rare")], { planned: 100, slices: { planned } });
    for (const { status, low, margin } of result.slices) expect(low >= -margin).toBe(status === "held");
    const wished = gate(better, { planned: 100, minImprovement: 0.1 });
    expect(wished.improvement.low >= 0.1).toBe(wished.eValue >= wished.bar);
  });

  it("fails when a slice is harmed, whatever the target gains", () => {
    const result = gate([...better, ...onSlice("LLL+++++-L", 6, "rare")], { planned: 100, slices: { planned } });
    expect(result.verdict).toBe("FAIL");
    expect(result.explanation).toMatch(/^Slice rare is harmed: -40\.0 points over 60 pairs/);
  });

  it("waits for a slice with too few examples, unless it needs no proof", () => {
    const few = [...better, ...onSlice("+++++-++L+", 1, "rare")];
    const result = gate(few, { planned: 100 });
    expect(result.verdict).toBe("INCONCLUSIVE");
    expect(result.moreExamples).toBeGreaterThan(20);
    expect(result.explanation).toContain("Slice rare is not shown to lose less than 10.0 points");
    expect(gate(few, { planned: 100, slices: { proveFrom: 30 } }).verdict).toBe("PASS");
  });

  it("counts only the slices named, and waits for those that never showed up", () => {
    const all = [...better, ...onSlice("LLLLLLLLLL", 3, "ignored")];
    expect(gate(all, { planned: 100, slices: { names: [] } }).verdict).toBe("PASS");
    expect(gate(all, { planned: 100, slices: { names: ["absent"] } }).verdict).toBe("INCONCLUSIVE");
  });
});

describe("gate with limits", () => {
  const priced = (ratio: number): GatePair[] =>
    better.map((pair, index) => ({
      ...pair,
      baseline: { ...pair.baseline, costUsd: 0.01 + (index % 7) * 0.001, latencyMs: 900 + (index % 11) * 20 },
      candidate: {
        ...pair.candidate,
        costUsd: (0.01 + (index % 5) * 0.001) * ratio,
        latencyMs: 900 * ratio + (index % 13) * 20,
      },
    }));

  it("passes within, fails over, and waits in between", () => {
    const limits = { costRatio: 1.2, latencyRatio: 1.5 };
    expect(gate(priced(1), { planned: 100, limits })).toMatchObject({ verdict: "PASS" });
    const over = gate(priced(1.6), { planned: 100, limits });
    expect(over.verdict).toBe("FAIL");
    expect(over.limits.map((limit) => limit.status)).toEqual(["over", "over"]);
    const close = gate(priced(1.6), { planned: 100, limits: { costRatio: 1.5 } });
    expect(close).toMatchObject({ verdict: "INCONCLUSIVE", limits: [{ status: "unclear" }] });
    expect(close.moreExamples).toBeGreaterThan(0);
  });

  it("does not pass a limit on what was never recorded", () => {
    expect(gate(better, { planned: 100, limits: { costUsd: 1 } })).toMatchObject({ verdict: "INCONCLUSIVE" });
  });
});

describe("gate with an erring judge", () => {
  const judge = { passing: { agreed: 180, of: 200 }, failing: { agreed: 160, of: 200 } };

  it("corrects rates and improvement", () => {
    const result = gate(better, { planned: 100, judge });
    expect(result.truth?.baseline.estimate).toBeCloseTo((0.5 - 0.2) / 0.7);
    expect(result.truth?.improvement.estimate).toBeCloseTo(0.2 / 0.7);
    expect(result.truth?.improvement.high).toBeGreaterThan(result.improvement.high);
    expect(result.truth).toMatchObject({ sensitivityToFailures: 0.8, specificity: 0.9 });
    expect(result.explanation).toContain("Corrected for the judge (fails 80% of failures, passes 90% of passes)");
  });

  it("passes nothing on the word of a coin", () => {
    const coin = { passing: { agreed: 11, of: 20 }, failing: { agreed: 10, of: 20 } };
    expect(gate(better, { planned: 100, judge: coin })).toMatchObject({ verdict: "INCONCLUSIVE", truth: null });
    const sequential = createGate({ planned: 100, judge: coin });
    for (const pair of better) sequential.observe(pair);
    expect(sequential.evidence).toBeNull();
  });

  it("asks for more where the judge may like the candidate's style", () => {
    expect(gate(better, { planned: 100, judge }).verdict).toBe("PASS");
    expect(gate(better, { planned: 100, judge: { ...judge, drift: 0.15 } }).verdict).toBe("INCONCLUSIVE");
  });

  it("narrows the margin of a slice, since an erring judge shrinks losses", () => {
    const controls = pairs("++++-+++-+", { control: true }, 6);
    const slices = { planned: { controls: 60 } };
    expect(gate([...better, ...controls], { planned: 100, slices }).verdict).toBe("PASS");
    expect(gate([...better, ...controls], { planned: 100, slices, judge }).verdict).toBe("INCONCLUSIVE");
  });
});

describe("createGate", () => {
  const sequence = fc.constantFrom("WWL+-", "WLL+-", "WL+-", "W+", "L+").chain((outcomes) =>
    fc.array(fc.record({ outcome: fc.constantFrom(...outcomes.split("")), control: fc.boolean() }), {
      minLength: 60,
      maxLength: 120,
    }),
  );

  it("shows evidence exactly when the verdict on the pairs so far is decided", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(sequence, (steps) => {
        const sequential = createGate({ planned: 60, slices: { planned: { controls: 30 } } });
        for (const { outcome, control } of steps)
          pairs(outcome, { control }).forEach((pair) => sequential.observe(pair));
        const { verdict } = sequential.verdict();
        seen.add(verdict);
        expect(sequential.evidence ?? "INCONCLUSIVE").toBe(verdict);
      }),
      { numRuns: 150, seed: 1 },
    );
    expect(seen.size).toBe(3);
  });
});
