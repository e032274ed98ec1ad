import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attribute } from "./attribute.ts";
import { scoreOn, sketchTrace, text } from "./trace.fixture.ts";

describe("attribute as a function", () => {
  const words = fc.constantFrom(
    "98231",
    "Antwerp",
    "timeout while reading",
    "order W48213377",
    "Hollister and Sons",
    "",
  );
  const sketch = fc.record({
    parent: fc.nat(20),
    startAt: fc.nat(5),
    kind: fc.constantFrom("llm", "tool", "retriever", "chain"),
    error: fc.option(words, { nil: null, freq: 3 }),
    inputs: words.map(text),
    outputs: fc.option(words.map(text), { nil: null, freq: 4 }),
  });
  const traces = fc.array(sketch, { minLength: 1, maxLength: 20 }).map((sketches) =>
    sketchTrace([
      { id: "root", inputs: text("question"), outputs: text("98231 Antwerp"), startAt: -1 },
      ...sketches.map(({ parent, ...rest }, i) => ({
        ...rest,
        id: `s${i}`,
        parentId: i === 0 || parent >= i ? "root" : `s${parent}`,
      })),
    ]),
  );

  it("gives the same answer whatever the order of the spans, and leaves its input alone", () => {
    fc.assert(
      fc.property(
        traces,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (trace, random, score) => {
          const scores = [scoreOn("root", "x", score), scoreOn("s0", "y", score)];
          const before = JSON.stringify(trace);
          const first = attribute(trace, scores, { threshold: 0.5 });
          const shuffled = trace.spans
            .map((span) => ({ span, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at);
          const again = attribute({ ...trace, spans: shuffled.map(({ span }) => span) }, scores, { threshold: 0.5 });
          expect(again).toEqual(first);
          expect(JSON.stringify(trace)).toBe(before);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("ranks at most three distinct spans, best first, with evidence and bounded scores", () => {
    fc.assert(
      fc.property(traces, (trace) => {
        const { culprit, runnersUp, method } = attribute(trace, [scoreOn("root", "x", 0)], { threshold: 0.5 });
        const ranked = culprit ? [culprit, ...runnersUp] : runnersUp;
        expect(ranked.length).toBeLessThanOrEqual(3);
        expect(new Set(ranked.map((suspect) => suspect.spanId)).size).toBe(ranked.length);
        expect(ranked.map((suspect) => suspect.score)).toEqual(
          ranked.map((suspect) => suspect.score).sort((a, b) => b - a),
        );
        expect(culprit === null).toBe(method === "not attributable");
        for (const suspect of ranked) {
          expect(suspect.evidence.length).toBeGreaterThan(0);
          for (const item of [...suspect.evidence.map((e) => e.weight), suspect.score])
            expect(item >= 0 && item <= 1).toBe(true);
        }
      }),
    );
  });
});
