import { describe, expect, it } from "vitest";
import { patternSentence, predicatePhrase } from "./sentence.ts";

describe("patternSentence", () => {
  it("reads like English", () => {
    const sentence = patternSentence({
      predicates: [{ feature: "retrieval.score", operator: "<", value: 0.5 }],
      share: 0.3712,
      passingShare: 0.09,
      riskRatio: 2.81,
      q: 0.00041,
    });
    expect(sentence).toBe(
      "37% of failures have retrieval score < 0.5 (9% of passing runs; risk ratio 2.8, q = 0.0004)",
    );
  });

  it("joins conditions and does not round to a false zero, certainty or equality", () => {
    const sentence = patternSentence({
      predicates: [
        { feature: "latency_ms", operator: ">=", value: 2000 },
        { feature: "tool:search.count", operator: "missing", value: null },
      ],
      share: 0.998,
      passingShare: 0.002,
      riskRatio: 41.6,
      q: 1e-40,
    });
    expect(sentence).toBe(
      "99% of failures have latency >= 2000 ms and no tool:search span (under 1% of passing runs; risk ratio 42, q < 0.0001)",
    );
  });
});

describe("predicatePhrase", () => {
  it.each([
    [{ feature: "llm:answer.model", operator: "=", value: "m-1" }, 'llm:answer model "m-1"'],
    [{ feature: "retrieval.error", operator: "=", value: true }, "retrieval error"],
    [{ feature: "retrieval.error", operator: "=", value: false }, "no retrieval error"],
    [{ feature: "tag:beta", operator: "missing", value: null }, "no tag beta"],
    [{ feature: "order:a>b", operator: "=", value: true }, "a directly before b"],
    [{ feature: "tool:search.count", operator: ">=", value: 1 }, "a tool:search span"],
    [{ feature: "tool:search.count", operator: ">=", value: 3 }, "tool:search count >= 3"],
    [{ feature: "cost_usd", operator: ">=", value: 0.02 }, "cost >= 0.02 USD"],
    [{ feature: "answer.latency_ms", operator: "<", value: 1234.5678 }, "answer latency < 1234.57 ms"],
  ] as const)("%o", (predicate, phrase) => {
    expect(predicatePhrase(predicate)).toBe(phrase);
  });
});
