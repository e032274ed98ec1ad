import type { Trace } from "../model/trace.ts";
import { toRuns } from "../wire/to-run.ts";
import type { LangSmithExample, LangSmithRun } from "../wire/langsmith-run.ts";
import type { Evaluator, EvaluatorTarget, SpanSelector } from "./evaluator.ts";

export interface TargetsOptions {
  /** `toRuns(trace)`, when several evaluators share it. */
  runs?: ReadonlyMap<string, LangSmithRun>;
  example?: LangSmithExample;
}

/** The calls an evaluator needs on a trace: one for `on: "trace"`, else one for each matching span, in span order. */
export function targetsOf(
  evaluator: Pick<Evaluator, "on">,
  trace: Trace,
  options: TargetsOptions = {},
): EvaluatorTarget[] {
  const runs = options.runs ?? toRuns(trace);
  const root = runs.get(trace.root.id);
  if (!root) return [];
  const example = options.example && { example: options.example };
  const { on } = evaluator;
  if (on === "trace") return [{ trace, span: trace.root, run: root, root, ...example }];
  return trace.spans.flatMap((span) => {
    const run = runs.get(span.id);
    return run && matchesSelector(run, root, on) ? [{ trace, span, run, root, ...example }] : [];
  });
}

/** Whether a run fulfils every condition of the selector. An empty selector matches every run. */
export function matchesSelector(run: LangSmithRun, root: LangSmithRun, selector: SpanSelector): boolean {
  return (
    isOneOf([run.run_type], selector.runType) &&
    isOneOf([run.name], selector.name) &&
    isOneOf(run.tags, selector.tag) &&
    (selector.where?.(run, root) ?? true)
  );
}

function isOneOf(values: readonly string[], wanted: string | readonly string[] | undefined): boolean {
  if (wanted === undefined) return true;
  return values.some((value) => (typeof wanted === "string" ? value === wanted : wanted.includes(value)));
}
