import type { JsonObject } from "../../src/model/json.ts";
import { createSpan, createTrace, type Span, type Trace } from "../../src/model/trace.ts";

/** A recorded run as a trace, with what people (or an injector) say went wrong. The label never enters the trace. */
export interface LabelledRun {
  set: string;
  /** Runs of one task share a group; training and test never share one. */
  group: string;
  /** Sub-population reported on its own, e.g. the fault class. */
  part: string;
  trace: Trace;
  /** Index of the decisive step among `trace.spans[1..]`; `null` for a passing or unlabelled run. */
  step: number | null;
  /** Who took the decisive step, where the set says so. */
  agent: string | null;
}

/** What an adapter says of one step; the rest of the span is filled in. */
export interface StepSketch {
  name: string;
  kind: string;
  inputs: JsonObject;
  outputs: JsonObject;
  error?: string;
  tokens?: number;
}

/**
 * A flat trace: a root that holds the question and the last answer, and one span a step. Steps last a second each:
 * latencies are left out, since one set's were replayed from a cache up to the injected step and would give it away.
 */
export function traceOfSteps(id: string, project: string, question: string, sketches: readonly StepSketch[]): Trace {
  const root = span(id, `${id}/root`, null, 0, {
    name: project,
    kind: "chain",
    inputs: { question },
    outputs: { answer: sketches.findLast(saysSomething)?.outputs ?? {} },
  });
  root.endAt = (sketches.length + 1) * 1000;
  const steps = sketches.map((sketch, i) => span(id, `${id}/${i}`, root.id, (i + 1) * 1000, sketch));
  return createTrace(root, [root, ...steps], { projectId: project, projectName: project });
}

/** `WebSurfer`, `Websurfer` and `Orchestrator (thought)` are the agents `websurfer` and `orchestrator`. */
export function agentName(name: string): string {
  return name
    .replace(/\s*\(.*$/, "")
    .trim()
    .toLowerCase();
}

// --- internal ---

/** The last thing a model said that is more than a sign-off such as TERMINATE. */
function saysSomething(step: StepSketch): boolean {
  const said = JSON.stringify(step.outputs).replace(/TERMINATE|[^\p{L}\p{N}]/gu, "");
  return step.kind === "llm" && said.length > 30;
}

function span(traceId: string, id: string, parentId: string | null, startAt: number, sketch: StepSketch): Span {
  const { name, kind, inputs, outputs, error = null, tokens } = sketch;
  return createSpan({
    id,
    traceId,
    parentId,
    name,
    kind,
    startAt,
    endAt: startAt + 1000,
    dottedOrder: String(startAt).padStart(9, "0"),
    error,
    inputs,
    outputs,
    usage: tokens === undefined ? {} : { completionTokens: tokens },
  });
}
