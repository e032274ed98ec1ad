import type { JsonObject } from "../model/json.ts";
import type { Score } from "../model/score.ts";
import { createSpan, createTrace, type Span, type Trace } from "../model/trace.ts";

/** What a test says of a span; everything else has a quiet default. */
export interface SpanSketch extends Partial<Span> {
  id: string;
}

/** A trace for tests, its first span the root. Span `i` runs from second `i` to `i + 0.5`; parents end last. */
export function sketchTrace(sketches: readonly SpanSketch[], id = "trace"): Trace {
  const spans = sketches.map((sketch, i) => {
    const isParent = i === 0 || sketches.some((other) => other.parentId === sketch.id);
    return createSpan({
      traceId: id,
      parentId: i === 0 ? null : sketches[0]!.id,
      name: sketch.id,
      kind: i === 0 ? "chain" : "tool",
      startAt: i * 1000,
      endAt: isParent ? (sketches.length + 1) * 1000 - i : i * 1000 + 500,
      dottedOrder: "",
      outputs: { text: "fine" },
      ...sketch,
    });
  });
  return createTrace(spans[0]!, spans, { id, projectId: "p", projectName: "p" });
}

/** A score on a span. */
export function scoreOn(spanId: string, key: string, score: number | null): Score {
  return { key, score, spanId, evaluator: key, evaluatorVersion: "1" };
}

/** Inputs or outputs with one text. */
export function text(value: string): JsonObject {
  return { text: value };
}
