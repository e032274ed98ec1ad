import type { Span, Trace } from "../model/trace.ts";
import type { Evaluator, EvaluatorInput } from "./evaluator.ts";
import { targetsOf } from "./targets.ts";

/** A span for tests: `rag` root fields, everything else by `over`. */
export function spanFixture(over: Partial<Span> & { id: string }): Span {
  return {
    traceId: "root",
    parentId: over.id === "root" ? null : "root",
    name: over.id,
    kind: "chain",
    startAt: 1_700_000_000_000,
    endAt: 1_700_000_001_500,
    dottedOrder: over.id,
    status: "success",
    error: null,
    inputs: {},
    outputs: {},
    metadata: {},
    tags: [],
    model: null,
    usage: {},
    events: [],
    scores: [],
    ...over,
  };
}

/** A trace for tests; a root is added when the first span is not one. */
export function traceFixture(...spans: Span[]): Trace {
  const root = spans.find((span) => span.parentId === null) ?? spanFixture({ id: "root" });
  const all = spans.includes(root) ? spans : [root, ...spans];
  return { id: root.id, projectId: "project", projectName: "demo", revision: 1, root, spans: all, threadId: null };
}

/** The inputs of every call the evaluator would get on the trace. */
export function inputsFixture(evaluator: Pick<Evaluator, "on">, trace: Trace): EvaluatorInput[] {
  return targetsOf(evaluator, trace).map((target) => ({ ...target, signal: new AbortController().signal }));
}
