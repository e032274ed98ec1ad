import { describe, expect, it } from "vitest";
import type { JsonObject } from "../model/json.ts";
import { attribute } from "./attribute.ts";
import { scoreOn, sketchTrace, text } from "./trace.fixture.ts";

describe("attribute", () => {
  it("blames the retrieval whose relevance failed, not the answer that suffered from it", () => {
    const trace = sketchTrace([
      {
        id: "root",
        inputs: text("When did the Meridian bridge open?"),
        outputs: text("Sourdough needs 24 hours of fermentation."),
      },
      {
        id: "retrieval",
        kind: "retriever",
        outputs: { documents: ["Sourdough needs 24 hours of slow fermentation."] },
      },
      {
        id: "answer",
        kind: "llm",
        inputs: text(
          "Context: Sourdough needs 24 hours of slow fermentation. Question: When did the Meridian bridge open?",
        ),
        outputs: text("Sourdough needs 24 hours of fermentation."),
      },
    ]);
    const result = attribute(
      trace,
      [
        scoreOn("retrieval", "relevance", 0.21),
        scoreOn("answer", "faithfulness", 0.1),
        scoreOn("root", "faithfulness", 0.1),
      ],
      { threshold: { relevance: 0.5, faithfulness: 0.7 } },
    );
    expect(result.method).toBe("evidence");
    expect(result.culprit).toMatchObject({ spanId: "retrieval", name: "retrieval", kind: "retriever" });
    expect(result.culprit!.evidence.map((item) => item.text)).toContain("relevance 0.21 is below 0.5");
    expect(result.runnersUp.map((suspect) => suspect.spanId)).toContain("answer");
  });

  it("excuses a span that scored worse but was fed by one that failed before it", () => {
    const trace = sketchTrace([
      { id: "root", inputs: text("Who designed the harbour crane?") },
      {
        id: "retrieval",
        kind: "retriever",
        outputs: { documents: ["The harbour crane was repainted in Gothenburg."] },
      },
      {
        id: "answer",
        kind: "llm",
        inputs: text("The harbour crane was repainted in Gothenburg. Who designed it?"),
        outputs: text("Evelina Sandström, engineer of Malmö"),
      },
    ]);
    const scores = [scoreOn("retrieval", "relevance", 0.4), scoreOn("answer", "faithfulness", 0)];
    const { culprit, runnersUp } = attribute(trace, scores, { threshold: 0.5 });
    expect([culprit!.spanId, runnersUp[0]!.spanId]).toEqual(["retrieval", "answer"]);
    expect(culprit!.evidence.find((item) => item.kind === "lineage")!.text).toContain('fed "answer"');
  });

  it("blames the deepest origin of an error that rose through its parents", () => {
    const trace = sketchTrace([
      { id: "root", error: "ToolError: connection refused" },
      { id: "agent", kind: "chain", error: "ToolError: connection refused" },
      { id: "search", parentId: "agent", error: "connection refused" },
    ]);
    const { culprit, runnersUp } = attribute(trace, []);
    expect(culprit!.spanId).toBe("search");
    expect(culprit!.evidence[0]!.text).toBe('failed with "connection refused", which rose through 2 spans above');
    expect(runnersUp).toEqual([]);
  });

  it("gives a parent its own error when the child's was made good by a retry", () => {
    const trace = sketchTrace([
      { id: "root" },
      { id: "agent", kind: "chain", error: "ValueError: cannot parse the plan" },
      { id: "try1", name: "search", parentId: "agent", error: "timeout" },
      { id: "try2", name: "search", parentId: "agent" },
    ]);
    const { culprit, runnersUp } = attribute(trace, []);
    expect(culprit!.spanId).toBe("agent");
    expect(runnersUp[0]!.evidence[0]!.text).toContain("a later call succeeded");
  });

  it("walks a wrong value back to the span that first put it out", () => {
    const trace = sketchTrace([
      { id: "root", inputs: text("What is the invoice total?"), outputs: text("The total is 98231 dollars") },
      { id: "lookup", kind: "tool", outputs: text("amount 98231") },
      { id: "format", kind: "prompt", inputs: text("amount 98231"), outputs: text("Invoice amount: 98231") },
      { id: "answer", kind: "llm", inputs: text("Invoice amount: 98231"), outputs: text("The total is 98231 dollars") },
      { id: "check", kind: "chain", inputs: text("98231"), outputs: text("98231") },
    ]);
    const { culprit } = attribute(trace, [scoreOn("check", "correct", 0)], { threshold: 1 });
    expect(culprit!.spanId).toBe("lookup");
    expect(culprit!.evidence[0]).toMatchObject({ kind: "lineage", spanId: "check" });
    expect(culprit!.evidence[0]!.text).toBe('put out "98231" first, which "check" passed on');
  });

  it("keeps the blame on a span that made the bad data up itself", () => {
    const trace = sketchTrace([
      { id: "root", inputs: text("What is the invoice total?") },
      { id: "lookup", kind: "tool", outputs: text("amount 1200") },
      {
        id: "answer",
        kind: "llm",
        inputs: text("amount 1200"),
        outputs: text("The total is 98231 dollars, payable in Zurich"),
      },
    ]);
    const { culprit } = attribute(trace, [scoreOn("answer", "correct", 0)], { threshold: 1 });
    expect(culprit!.spanId).toBe("answer");
  });

  it("blames the model that invented the argument a tool refused", () => {
    const trace = sketchTrace([
      { id: "root", inputs: text("Where is my parcel?") },
      { id: "plan", kind: "llm", inputs: text("Where is my parcel?"), outputs: text('track(order="W48213377")') },
      {
        id: "track",
        kind: "tool",
        inputs: { order: "W48213377" },
        outputs: null,
        error: "order W48213377 does not exist",
      },
    ]);
    const { culprit, runnersUp } = attribute(trace, []);
    expect(culprit!.spanId).toBe("plan");
    expect(runnersUp[0]!.spanId).toBe("track");
  });

  it("names a schema violation and leaves conforming spans alone", () => {
    const trace = sketchTrace([
      { id: "root" },
      { id: "extract", kind: "llm", outputs: { amount: "many" } },
      { id: "other", kind: "llm" },
    ]);
    const schemas = {
      extract: (outputs: object | null) =>
        typeof (outputs as { amount?: unknown })?.amount === "number" ? null : "amount is not a number",
    };
    const { culprit, runnersUp } = attribute(trace, [], { schemas });
    expect(culprit!.evidence[0]).toMatchObject({
      kind: "schema",
      text: "output violates its schema: amount is not a number",
    });
    expect(runnersUp).toEqual([]);
  });

  it("names a retrieval that came back empty", () => {
    const trace = sketchTrace([
      { id: "root" },
      { id: "find", kind: "retriever", outputs: { documents: [] } },
      { id: "answer", kind: "llm" },
    ]);
    expect(attribute(trace, []).culprit!.evidence[0]!.text).toBe("retrieved nothing");
  });

  it("names the span that introduced what the failing answer cannot support", () => {
    const trace = sketchTrace([
      {
        id: "root",
        inputs: text("Who founded Lumen Labs?"),
        outputs: text("Margarethe Hollister founded it in 1934 in Antwerp"),
      },
      {
        id: "find",
        kind: "retriever",
        inputs: text("Who founded Lumen Labs?"),
        outputs: { documents: ["Lumen Labs was founded quietly."] },
      },
      {
        id: "draft",
        kind: "llm",
        inputs: text("Lumen Labs was founded quietly."),
        outputs: text("Margarethe Hollister founded it in 1934 in Antwerp"),
      },
      {
        id: "polish",
        kind: "llm",
        inputs: text("Margarethe Hollister, 1934, Antwerp"),
        outputs: text("Margarethe Hollister founded it in 1934 in Antwerp"),
      },
    ]);
    const { culprit } = attribute(trace, [scoreOn("root", "faithfulness", 0.2)], { threshold: 0.7 });
    expect(culprit!.spanId).toBe("draft");
    expect(culprit!.evidence[0]!.text).toContain("no earlier span supplied");
  });

  it("says not attributable when nothing speaks against any span", () => {
    const trace = sketchTrace([{ id: "root" }, { id: "a", kind: "llm" }, { id: "b" }]);
    expect(attribute(trace, [scoreOn("root", "helpful", 0)], { threshold: 0.5 })).toEqual({
      culprit: null,
      runnersUp: [],
      method: "not attributable",
    });
  });

  it("takes scores without a pass mark and scores of null as no evidence", () => {
    const trace = sketchTrace([{ id: "root" }, { id: "a" }, { id: "b" }]);
    expect(attribute(trace, [scoreOn("a", "x", 0)]).culprit).toBeNull();
    expect(
      attribute(trace, [scoreOn("a", "x", 0), scoreOn("b", "y", null)], { threshold: { y: 1 } }).culprit,
    ).toBeNull();
  });

  it("blames the first of several identical calls", () => {
    const calls = [1, 2, 3, 4].map((n) => ({ id: `call${n}`, name: "search", inputs: { query: "same thing" } }));
    expect(attribute(sketchTrace([{ id: "root" }, ...calls]), []).culprit!.spanId).toBe("call1");
  });

  it("survives payloads nested without end", () => {
    let deep: JsonObject = { text: "bottom" };
    for (let i = 0; i < 50_000; i++) deep = { deep };
    const trace = sketchTrace([{ id: "root" }, { id: "a", inputs: deep, outputs: deep, error: "boom" }]);
    expect(attribute(trace, []).culprit!.spanId).toBe("a");
  });

  it("survives missing parents, parent cycles and very deep traces", () => {
    const orphan = sketchTrace([{ id: "root" }, { id: "lost", parentId: "gone", error: "boom" }]);
    expect(attribute(orphan, []).culprit!.spanId).toBe("lost");
    const cycle = sketchTrace([
      { id: "root" },
      { id: "a", parentId: "b" },
      { id: "b", parentId: "a" },
      { id: "c", error: "boom" },
    ]);
    expect(attribute(cycle, []).culprit!.spanId).toBe("c");
    const deep = Array.from({ length: 20_000 }, (_, i) => ({
      id: `s${i}`,
      parentId: i === 0 ? null : `s${i - 1}`,
      error: "boom",
    }));
    const trace = sketchTrace(deep.slice(0, 1));
    const spans = deep.map((sketch, i) => ({ ...trace.root, ...sketch, startAt: i, status: "error" as const }));
    expect(attribute({ ...trace, root: spans[0]!, spans }, []).culprit!.spanId).toBe("s19999");
  });
});
