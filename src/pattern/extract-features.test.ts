import { describe, expect, it } from "vitest";
import type { Score } from "../model/score.ts";
import { createSpan, createTrace, type Span, type Trace } from "../model/trace.ts";
import { extractFeatures } from "./extract-features.ts";

function span(id: string, name: string, kind: string, more: Partial<Span> = {}): Span {
  const startAt = 1_000 + 10 * Number(id);
  const parentId = id === "0" ? null : "0";
  return createSpan({ id, traceId: "0", parentId, name, kind, startAt, endAt: startAt + 5, ...more });
}

function traceOf(...spans: [Span, ...Span[]]): Trace {
  return createTrace(spans[0], spans, { projectId: "p", projectName: "rag" });
}

function score(key: string, value: number, spanId = "0"): Score {
  return { key, score: value, spanId, evaluator: "judge", evaluatorVersion: "1" };
}

describe("extractFeatures", () => {
  const trace = traceOf(
    span("0", "rag", "chain", {
      endAt: 2_500,
      tags: ["beta"],
      metadata: {
        tier: "free",
        run_id: "x",
        thread_id: "t",
        seed: 7,
        note: "y".repeat(200),
        trace: crypto.randomUUID(),
      },
      scores: [
        { key: "faithfulness", score: 0.2 },
        { key: "user_thumb", score: 0 },
        { key: "loopsmith.verdict", score: 0 },
      ],
    }),
    span("1", "retrieval", "retriever", { outputs: { documents: [{ text: "abc" }, { text: "de" }] } }),
    span("2", "search", "tool", { inputs: { q: "a" }, status: "error", error: "Timeout after 3000 ms\nstack" }),
    span("3", "search", "tool", { inputs: { q: "a" } }),
    span("4", "answer", "llm", { model: "m-1", usage: { promptTokens: 100, completionTokens: 9 } }),
  );
  const features = extractFeatures(
    trace,
    [score("faithfulness", 0.3), score("relevance", 0.31, "1"), score("safe", 0, "2"), score("safe", 1, "3")],
    {
      culprit: { spanId: "1", name: "retrieval", kind: "retriever", score: 1, evidence: [] },
      runnersUp: [],
      method: "evidence",
    },
  );

  it("describes spans by name, tools and models by kind too", () => {
    expect(features).toMatchObject({
      "retrieval.count": 1,
      "retrieval.error": false,
      "retrieval.output_items": 2,
      "retrieval.output_chars": 5,
      "tool:search.count": 2,
      "tool:search.error": true,
      "tool:search.first_error": 1,
      "tool:search.error_kind": "Timeout after # ms",
      "llm:answer.model": "m-1",
      "llm:answer.prompt_tokens": 100,
    });
  });

  it("describes the whole trace", () => {
    expect(features).toMatchObject({ latency_ms: 1_500, error: false, error_count: 1, span_count: 5, "tool.count": 2 });
    expect(features).toMatchObject({ prompt_tokens: 100, completion_tokens: 9, culprit: "retrieval" });
  });

  it("describes order, repeats and retries", () => {
    expect(features).toMatchObject({
      "order:retrieval>tool:search": true,
      "order:tool:search>llm:answer": true,
      "tool:search.repeats": 1,
      "tool.repeats": 1,
      "tool:search.retries": 1,
      first_span: "retrieval",
      last_span: "llm:answer",
    });
  });

  it("sees a call repeated and retried though the agent thinks in between, and the failure without the tool's name", () => {
    const call = { inputs: { q: "a" }, error: "request to search timed out after 30 s" };
    const looping = traceOf(
      span("0", "agent", "chain"),
      span("1", "plan", "llm"),
      span("2", "search", "tool", call),
      span("3", "plan", "llm"),
      span("4", "search", "tool", call),
    );
    expect(extractFeatures(looping, [], null)).toMatchObject({
      "tool.repeats": 1,
      "tool:search.repeats": 1,
      "tool:search.retries": 1,
      "tool.error_kind": "request to # timed out after # s",
    });
  });

  it("takes span scores, lowest first, and leaves out what defined the failure", () => {
    expect(features).toMatchObject({
      "retrieval.relevance": 0.31,
      "tool:search.safe": 0,
      "tool:search.safe.mean": 0.5,
      "tool:search.safe.last": 1,
      "tool.safe.mean": 0.5,
      "retriever.relevance": 0.31,
    });
    expect(features["feedback.user_thumb"]).toBe(0);
    expect(Object.keys(features).filter((name) => /faithfulness|loopsmith/.test(name))).toEqual([]);
  });

  it("takes labels but not ids, uuids or prose", () => {
    const labels = Object.keys(features).filter((name) => /^(tag:|metadata\.)/.test(name));
    expect(labels.sort()).toEqual(["metadata.seed", "metadata.tier", "tag:beta"]);
  });

  it("notices broken JSON and answers about something else", () => {
    const asked = { query: "graph neural networks fraud" };
    const odd = traceOf(
      span("0", "r", "chain", { inputs: asked, outputs: { answer: "networks detect fraud" } }),
      span("1", "search", "tool", { inputs: asked, outputs: { output: '{"results": [{"text": "cut o' } }),
      span("2", "search", "tool", { inputs: asked, outputs: { output: "Graph neural networks against fraud" } }),
    );
    expect(extractFeatures(odd, [], null)).toMatchObject({
      output_overlap: 0.5,
      "tool:search.broken_json": true,
      "tool:search.output_overlap": 0,
      "tool.output_overlap": 0,
      "tool:search.least_output_chars": 28,
    });
    expect(extractFeatures(trace, [], null)["tool:search.broken_json"]).toBe(false);
  });

  it("says how many span names and labels it left out", () => {
    const wide = extractFeatures(trace, [], null, { maxSpanNames: 1, maxLabels: 1 });
    expect(wide).toMatchObject({ unlisted_spans: 2, unlisted_labels: 1 });
    expect(wide["tool:search.count"]).toBeUndefined();
    const steps = Array.from({ length: 60 }, (_, at) => span(String(at + 1), `step${at}`, "chain"));
    expect(extractFeatures(traceOf(span("0", "r", "chain"), ...steps), [], null)["unlisted_orders"]).toBe(11);
  });

  it("masks generated names, so that a counter is not a feature per trace", () => {
    const numbered = traceOf(span("0", "r", "chain"), span("1", "step 12", "chain"), span("2", "step 13", "chain"));
    expect(extractFeatures(numbered, [], null)["step #.count"]).toBe(2);
  });

  it("names the reason's cluster where it is known", () => {
    expect(extractFeatures(trace, [], null, { reason: "no sources cited" })["reason"]).toBe("no sources cited");
    expect(extractFeatures(trace, [], null, { reason: null })["reason"]).toBeUndefined();
  });

  it("adds your own features", () => {
    expect(extractFeatures(trace, [], null, { define: ({ spans }) => ({ wide: spans.length > 4 }) })["wide"]).toBe(
      true,
    );
  });
});
