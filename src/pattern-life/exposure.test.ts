import { expect, test } from "vitest";
import type { FeatureRow, Predicate } from "../model/pattern.ts";
import { isExposed, observeRows } from "./exposure.ts";
import { followPattern } from "./follow-pattern.ts";

const low: Predicate = { feature: "retrieval.relevance", operator: "<", value: 0.5 };
const model: Predicate = { feature: "llm:answer.model", operator: "=", value: "small" };

test("a symptom needs its span, a condition needs to hold", () => {
  expect(isExposed({ "retrieval.count": 1, "retrieval.relevance": 0.9 }, [low])).toBe(true);
  // Retrieval ran unscored: the pattern could have been there.
  expect(isExposed({ "retrieval.count": 1 }, [low])).toBe(true);
  expect(isExposed({ "tool:search.count": 1 }, [low])).toBe(false);
  expect(isExposed({ "llm:answer.model": "small" }, [model])).toBe(true);
  expect(isExposed({ "llm:answer.model": "large" }, [model])).toBe(false);
  expect(isExposed({ "retrieval.count": 1, "llm:answer.model": "large" }, [low, model])).toBe(false);
});

test("errors, order, repeats and counts are symptoms of the span they name", () => {
  const search = { "tool:v1.search.count": 2 };
  for (const feature of ["tool:v1.search.error", "tool:v1.search.error_kind", "tool:v1.search.repeated"]) {
    const predicate: Predicate = { feature, operator: "=", value: feature.endsWith("kind") ? "timeout" : true };
    expect(isExposed(search, [predicate])).toBe(true);
    expect(isExposed({}, [predicate])).toBe(feature.endsWith("nothing"));
  }
  expect(isExposed(search, [{ feature: "order:tool:v1.search>llm", operator: "=", value: true }])).toBe(true);
  expect(isExposed({ "llm.count": 1 }, [{ feature: "order:tool:v1.search>llm", operator: "=", value: true }])).toBe(
    false,
  );
  expect(isExposed(search, [{ feature: "tool:v1.search.count", operator: ">=", value: 3 }])).toBe(true);
  // The presence of a span is a circumstance: without it there is nothing to be exposed to.
  expect(isExposed(search, [{ feature: "tool:v1.search.count", operator: ">=", value: 1 }])).toBe(true);
  expect(isExposed({}, [{ feature: "tool:v1.search.count", operator: ">=", value: 1 }])).toBe(false);
  // What is missing can be missing on any run.
  expect(isExposed({}, [{ feature: "tool:v1.search.count", operator: "missing", value: null }])).toBe(true);
  expect(isExposed({}, [{ feature: "last_span", operator: "=", value: "llm" }])).toBe(true);
});

test("observeRows counts a window, half-open, matching runs always exposed", () => {
  const issue = followPattern({ predicates: [low], sentence: "", exemplars: [] }, { from: 0, to: 10 }).state;
  const row = (at: number, failed: boolean, relevance: number | null): FeatureRow => ({
    traceId: String(at),
    at,
    failed,
    features: relevance === null ? {} : { "retrieval.count": 1, "retrieval.relevance": relevance },
  });
  const rows = [
    row(9, true, 0.1),
    row(10, true, 0.2),
    row(11, false, 0.3),
    row(12, false, 0.8),
    row(13, true, null),
    row(20, true, 0.1),
  ];
  expect(observeRows(issue, rows, { from: 10, to: 20 })).toEqual({
    from: 10,
    to: 20,
    failing: 1,
    failures: 2,
    passing: 1,
    passes: 2,
    exposed: 3,
  });
  expect(observeRows(issue, rows, { from: 10, to: 20 }, () => true).exposed).toBe(2);
});
