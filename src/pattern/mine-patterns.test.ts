import { describe, expect, it } from "vitest";
import type { FeatureRow } from "../model/pattern.ts";
import { minePatterns } from "./mine-patterns.ts";
import { randomFrom } from "./random.fixture.ts";

const random = randomFrom(1);

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

  it("has nothing to say about an empty window", () => {
    expect(minePatterns([])).toMatchObject({ failures: 0, passes: 0, patterns: [], explained: 0 });
  });
});
