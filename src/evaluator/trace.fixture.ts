import { createSpan, createTrace, type Span, type Trace } from "../model/trace.ts";
import type { Evaluator, EvaluatorInput } from "./evaluator.ts";
import { targetsOf } from "./targets.ts";

/** A span for tests: `rag` root fields, everything else by `over`. */
export function spanFixture(over: Partial<Span> & { id: string }): Span {
  return createSpan({
    traceId: "root",
    parentId: over.id === "root" ? null : "root",
    name: over.id,
    startAt: 1_700_000_000_000,
    endAt: 1_700_000_001_500,
    outputs: {},
    ...over,
  });
}

/** A trace for tests; a root is added when the first span is not one. */
export function traceFixture(...spans: Span[]): Trace {
  const root = spans.find((span) => span.parentId === null) ?? spanFixture({ id: "root" });
  return createTrace(root, spans, { id: root.id, projectId: "project", projectName: "demo" });
}

/** The inputs of every call the evaluator would get on the trace. */
export function inputsFixture(evaluator: Pick<Evaluator, "on">, trace: Trace): EvaluatorInput[] {
  return targetsOf(evaluator, trace).map((target) => ({ ...target, signal: new AbortController().signal }));
}
