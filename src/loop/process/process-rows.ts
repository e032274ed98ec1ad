import type { Example, Run } from "langsmith/schemas";
import type { Score } from "../../model/score.ts";
import type { Span, Trace } from "../../model/trace.ts";
import { toScores } from "../../wire/evaluator-result.ts";
import { traceOfRuns, type ReadRun } from "../../wire/from-run.ts";

/** One row of what LangSmith's `evaluate()` returns. */
export interface ExperimentRow {
  run: Run;
  example: Example;
  evaluationResults: { results: readonly object[] };
}

/** What LangSmith's `evaluate()` resolves to, as far as a loop needs it. */
export interface ExperimentRows {
  /** The project the runs are in. */
  readonly experimentName: string;
  readonly results: readonly ExperimentRow[];
}

/** A trace with the scores it has already. */
export interface ScoredTrace {
  trace: Trace;
  scores: Score[];
}

/** Name given to scores that came with an experiment, whose evaluators are not known by name. */
const SOURCE = "experiment";

/** Rows in memory as traces with their scores; nothing is read from the platform. */
export function fromRows(rows: readonly ExperimentRow[], projectId: string): ScoredTrace[] {
  return rows.flatMap(({ run, evaluationResults }) => {
    const trace = traceOfRuns(flatten(run), projectId);
    return trace ? [{ trace, scores: evaluationResults.results.flatMap((result) => scoreOf(result, trace)) }] : [];
  });
}

/** A trace of the platform with the feedback it carries there. */
export function fromFeedback(trace: Trace): ScoredTrace {
  const scoresOf = (span: Span): Score[] =>
    span.scores.map((score) => ({ ...score, spanId: span.id, evaluator: SOURCE, evaluatorVersion: "" }));
  return { trace, scores: trace.spans.flatMap(scoresOf) };
}

/** LangSmith lets evaluators say things without a score (`{ key }` alone); those are no scores here. */
function scoreOf(result: object, trace: Trace): Score[] {
  const said: Partial<Record<"score" | "value" | "comment", unknown>> = result;
  if (said.score === undefined && said.value === undefined && said.comment === undefined) return [];
  return toScores(result, { evaluator: SOURCE, version: "", spanId: trace.root.id });
}

/** Runs in memory hang below each other and name their parent by that, not always by `parent_run_id`. */
function flatten(root: Run): ReadRun[] {
  const flat: ReadRun[] = [];
  const waiting: { run: Run; parentId: string | null }[] = [{ run: root, parentId: null }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { run, parentId } = next;
    flat.push({ ...readRun(run), trace_id: root.trace_id ?? root.id, parent_run_id: parentId });
    for (const child of run.child_runs ?? []) waiting.push({ run: child, parentId: run.id });
  }
  return flat;
}

/** Copied by name: a run tree's other fields lead to its client and its parents. */
function readRun(run: Run): ReadRun {
  const { id, name, run_type, start_time, end_time, dotted_order, error, inputs, outputs, events, extra, tags } = run;
  return {
    id,
    name,
    run_type,
    inputs,
    outputs,
    events,
    extra,
    tags: tags ?? null,
    error: error ?? null,
    end_time: end_time ?? null,
    ...(start_time === undefined ? {} : { start_time }),
    ...(dotted_order === undefined ? {} : { dotted_order }),
  };
}
