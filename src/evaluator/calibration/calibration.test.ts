import { describe, expect, it } from "vitest";
import { randomSource } from "../../internal/random.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import { groundedness } from "../builtin/groundedness.ts";
import { spanFixture, traceFixture } from "../trace.fixture.ts";
import { calibrate } from "./calibrate.ts";
import { checkEvaluator, parseLabelledCases } from "./check-evaluator.ts";
import { chooseThreshold } from "./choose-threshold.ts";
import { labelsFromFeedback } from "./labelled.ts";
import type { Labelled } from "./labelled.ts";

const repeat = (count: number, score: number, failed: boolean): Labelled[] =>
  Array.from({ length: count }, () => ({ score, failed }));
/** 90 of 100 failures caught, 85 of 100 passes passed. */
const judged = [
  ...repeat(90, 0.2, true),
  ...repeat(10, 0.8, true),
  ...repeat(85, 0.9, false),
  ...repeat(15, 0.3, false),
];

describe("calibrate", () => {
  it("measures an evaluator against people", () => {
    const result = calibrate(judged, { observed: { failed: 385, total: 1000 } });
    expect(result).toMatchObject({
      labelled: 200,
      failures: 100,
      passes: 100,
      confusion: { truePositives: 90, falsePositives: 15, falseNegatives: 10, trueNegatives: 85 },
      caught: { value: 0.9 },
      passed: { value: 0.85 },
      accuracy: { value: 0.875 },
      correctedFailureRate: { observed: 0.385 },
    });
    expect(result.kappa.value).toBeCloseTo(0.75);
    expect(result.matthews).toBeCloseTo(0.7509, 3);
    expect(result.correctedFailureRate?.value).toBeCloseTo((0.385 + 0.85 - 1) / 0.75);
    const [low, high] = [result.correctedFailureRate?.low ?? 1, result.correctedFailureRate?.high ?? 0];
    expect(low).toBeLessThan(0.3133);
    expect(high).toBeGreaterThan(0.3133);
  });

  it("refuses below 20 labels of either class, and corrects nothing without skill", () => {
    expect(() => calibrate([...repeat(19, 0, true), ...repeat(500, 1, false)])).toThrow(
      /Only 19 failing and 500 passing/,
    );
    expect(() => calibrate([...repeat(19, 0, true), ...repeat(500, 1, false)], { minPerClass: 10 })).not.toThrow();
    const coin = [...repeat(10, 0, true), ...repeat(10, 1, true), ...repeat(10, 0, false), ...repeat(10, 1, false)];
    expect(calibrate(coin, { observed: { failed: 5, total: 10 } }).correctedFailureRate).toBeNull();
  });
});

describe("chooseThreshold", () => {
  it("gives the lowest mark it can vouch for, and its price", () => {
    const chosen = chooseThreshold(judged, { maxMissed: 0.2 });
    expect(chosen).toMatchObject({ missed: 10, failures: 100, falseAlarms: 0, passes: 100 });
    expect(chosen.threshold).toBeGreaterThan(0.2);
    expect(chosen.threshold).toBeLessThanOrEqual(0.3);
    expect(chosen.missedAtMost).toBeCloseTo(0.1637, 3);
    const strict = chooseThreshold(judged, { maxMissed: 0.05 });
    expect(strict).toMatchObject({ missed: 0, falseAlarms: 15 });
    expect(strict.threshold).toBeGreaterThan(0.8);
  });

  it("stops at the last mark it can vouch for", () => {
    // Clopper-Pearson at 95%: 4 missed of 100 bound the share by 0.0892, 5 by 0.1023. Conformal: 10 / 101, then 11 / 101.
    const spread = Array.from({ length: 100 }, (_, i) => ({ score: i / 100, failed: true }));
    expect(chooseThreshold(spread)).toMatchObject({ missed: 4, missedAtMost: expect.closeTo(0.0892, 4) });
    expect(chooseThreshold(spread, { method: "conformal" })).toMatchObject({ missed: 9, missedAtMost: 10 / 101 });
  });

  it("says how many labels it takes", () => {
    expect(() => chooseThreshold(repeat(28, 0, true))).toThrow(
      expect.objectContaining({ details: { failures: 28, needed: 29 } }),
    );
    expect(chooseThreshold(repeat(29, 0, true)).missed).toBe(0);
    expect(() => chooseThreshold(repeat(8, 0, true), { method: "conformal" })).toThrow(
      expect.objectContaining({ details: { failures: 8, needed: 9 } }),
    );
    expect(chooseThreshold(repeat(9, 0, true), { method: "conformal" }).missed).toBe(0);
    expect(calibrate([...repeat(20, 0, true), ...repeat(20, 1, false)])).toMatchObject({
      suggested: null,
      suggestion: expect.stringContaining("Label at least 29 failures"),
    });
  });

  it("keeps its promise on runs not seen", () => {
    const random = randomSource(3);
    const draw = (count: number): Labelled[] =>
      Array.from({ length: count }, () => ({ score: Math.round(random() ** 2 * 50) / 50, failed: true }));
    const missed = { exact: [] as number[], conformal: [] as number[] };
    for (let run = 0; run < 400; run++) {
      const [labels, fresh] = [draw(80), draw(1000)];
      for (const method of ["exact", "conformal"] as const) {
        const { threshold } = chooseThreshold(labels, { method, maxMissed: 0.1 });
        missed[method].push(fresh.filter(({ score }) => score >= threshold).length / 1000);
      }
    }
    // 95% confidence for `exact`; the mean for `conformal`. The slack is the noise of the 1,000 fresh runs.
    expect(missed.exact.filter((share) => share > 0.115).length / 400).toBeLessThanOrEqual(0.05);
    expect(missed.conformal.reduce((sum, share) => sum + share, 0) / 400).toBeLessThanOrEqual(0.105);
    expect(missed.conformal.reduce((sum, share) => sum + share, 0) / 400).toBeGreaterThan(0.05);
  });
});

describe("labelsFromFeedback", () => {
  it("pairs the newest scores on each span", () => {
    const trace = traceFixture(
      spanFixture({
        id: "root",
        scores: [
          { key: "faithful", score: 0.1 },
          { key: "faithful", score: 0.9 },
          { key: "human", score: null, value: "bad" },
        ],
      }),
      spanFixture({
        id: "b",
        scores: [
          { key: "faithful", score: 0.4 },
          { key: "human", score: 1 },
        ],
      }),
      spanFixture({ id: "c", scores: [{ key: "faithful", score: 0.4 }] }),
      spanFixture({ id: "d", scores: [{ key: "human", score: 0 }] }),
    );
    const options = { evaluatorKey: "faithful", humanKey: "human", labels: { bad: 0 } };
    expect(labelsFromFeedback([trace], options)).toEqual([
      { score: 0.9, failed: true },
      { score: 0.4, failed: false },
    ]);
  });
});

describe("checkEvaluator", () => {
  it("scores an evaluator on labelled examples from a file", async () => {
    const line = (answer: string, label: object): string =>
      JSON.stringify({
        inputs: { question: "How long?" },
        outputs: { answer },
        documents: ["Returns are accepted within 30 days."],
        ...label,
      });
    const text = [
      ...Array.from({ length: 20 }, () => line("Returns are accepted within 30 days.", { failed: false })),
      ...Array.from({ length: 20 }, () => line("Giraffes pay for shipping.", { label: "fail" })),
      line("I don't know.", { passed: true }),
      "",
    ].join("\n");
    const check = await checkEvaluator(groundedness(), parseLabelledCases(text), { threshold: 0.7 });
    expect(check).toMatchObject({
      judged: 40,
      notApplicable: 1,
      problems: [],
      calibration: { matthews: 1, failures: 20 },
    });
  });

  it("goes on past examples the evaluator fails on, and names them", async () => {
    const evaluator = defineEvaluator({
      name: "picky",
      evaluate: ({ inputs }) => {
        if (inputs.n === 3) throw new Error("three!");
        return { score: inputs.n % 2, cost: { usd: 0.5 } };
      },
    });
    const cases = Array.from({ length: 41 }, (_, n) => ({ inputs: { n }, outputs: null, failed: n % 2 === 0 }));
    const check = await checkEvaluator(evaluator, cases, { minPerClass: 10 });
    expect(check).toMatchObject({
      judged: 40,
      problems: ['example 4: Evaluator "picky" threw: three!'],
      cost: { usd: 20 },
    });
  });

  it.each([
    ["{", /Line 1 is not JSON/],
    ["[]", /Line 1 is not an object/],
    ['{"inputs":{}}', /Line 1 has no label/],
  ])("refuses %s", (text, message) => {
    expect(() => parseLabelledCases(text)).toThrow(message);
  });
});
