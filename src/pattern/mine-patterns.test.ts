import { describe, expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import type { FeatureRow } from "../model/pattern.ts";
import { minePatterns } from "./mine-patterns.ts";

const random = randomSource(1);

/** 1,000 runs; retrieval below 0.5 fails 60% of the time, the rest 10%; `noise` has nothing to do with it. */
const rows = Array.from({ length: 1000 }, (_, i): FeatureRow => {
  const relevance = random();
  return {
    traceId: `t${i}`,
    at: 1_000 + i,
    failed: random() < (relevance < 0.5 ? 0.6 : 0.1),
    features: { "retrieval.relevance": relevance, noise: Math.floor(random() * 7) },
  };
});

describe("minePatterns", () => {
  const report = minePatterns(rows, { passMarks: { relevance: 0.5 } });

  it("puts the planted pattern first, in plain English", () => {
    expect(report.patterns[0]?.predicates).toEqual([{ feature: "retrieval.relevance", operator: "<", value: 0.5 }]);
    expect(report.patterns[0]?.sentence).toMatch(/^\d+% of failures have retrieval relevance < 0.5 \(/);
  });

  it("shows nothing about noise, and counts every hypothesis", () => {
    expect(report.patterns.flatMap((pattern) => pattern.predicates).some(({ feature }) => feature === "noise")).toBe(
      false,
    );
    expect(report.hypotheses).toBeGreaterThan(30);
    expect(report.window).toEqual({ from: 1_000, to: 2_000 });
  });

  it("says whom its failures were blamed on and for what reason, most frequent first", () => {
    const told = rows.map((row, index): FeatureRow => {
      if (!row.failed || index % 5 === 0) return row;
      const reason = index % 5 === 1 ? "answer is empty" : "nothing relevant was found";
      return { ...row, features: { ...row.features, culprit: "retrieval", reason } };
    });
    const [pattern] = minePatterns(told, { passMarks: { relevance: 0.5 } }).patterns;
    expect(pattern?.predicates).toEqual(report.patterns[0]?.predicates);
    const matching = told.filter(({ failed, features }) => failed && Number(features["retrieval.relevance"]) < 0.5);
    const share = (reason: string): number =>
      matching.filter(({ features }) => features["reason"] === reason).length / matching.length;
    expect(pattern?.reasons).toEqual([
      { name: "nothing relevant was found", share: share("nothing relevant was found") },
      { name: "answer is empty", share: share("answer is empty") },
    ]);
    expect(pattern?.culprits).toEqual([
      { name: "retrieval", share: share("nothing relevant was found") + share("answer is empty") },
    ]);
  });

  it("has nothing to say about an empty window", () => {
    expect(minePatterns([])).toMatchObject({ failures: 0, passes: 0, patterns: [], explained: 0 });
  });
});

/** 20,000 runs; every true cause multiplies a failure rate of 3% by 2.5. */
function minedCauses(
  seed: number,
  draw: (random: () => number) => { features: FeatureRow["features"]; causes: readonly boolean[] },
): string[] {
  const random = randomSource(seed);
  const simulated = Array.from({ length: 20_000 }, (_, at): FeatureRow => {
    const { features, causes } = draw(random);
    const failed = random() < 0.03 * 2.5 ** causes.filter(Boolean).length;
    return { traceId: `t${at}`, at, failed, features };
  });
  const { patterns } = minePatterns(simulated);
  return patterns.map(({ predicates }) => predicates.map(({ feature }) => feature).join(" and ")).sort();
}

describe("several causes at once", () => {
  it.each([1, 2, 3])(
    "are shown each as it is, though one stands out most where it meets the others (seed %i)",
    (seed) => {
      const shown = minedCauses(seed, (random) => {
        const has = (share: number): boolean => random() < share;
        const [a1, a2, a3, b] = [has(0.8), has(0.8), has(0.8), has(0.3)];
        const [c1, c2, c3] = [has(0.7), has(0.7), has(0.7)];
        return { features: { a1, a2, a3, b, c1, c2, c3 }, causes: [a1 && a2 && a3, b, c1 && c2 && c3] };
      });
      expect(shown).toEqual(["a1 and a2 and a3", "b", "c1 and c2 and c3"]);
    },
  );

  it("are not joined by a third one where a threshold could only be met roughly", () => {
    const shown = minedCauses(1, (random) => {
      const [x, b] = [random(), random() < 0.25];
      return { features: { x, b }, causes: [x < 0.348, b] };
    });
    expect(shown).toEqual(["b", "x"]);
  });
});
