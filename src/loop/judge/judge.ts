import type { EvaluationCache } from "../../evaluator/evaluation-cache.ts";
import type { CallLimits, Evaluator } from "../../evaluator/evaluator.ts";
import { runEvaluator } from "../../evaluator/run-evaluator.ts";
import { targetsOf } from "../../evaluator/targets.ts";
import { mapWithLimit } from "../../internal/map-with-limit.ts";
import type { Score } from "../../model/score.ts";
import type { Trace } from "../../model/trace.ts";
import type { LangSmithRun } from "../../wire/langsmith-run.ts";
import { reportedCost, type ReportedCost } from "./budget.ts";
import { failureOf, type EvaluatorFailure } from "./circuit-breaker.ts";
import { NO_SPAN, type JudgeSpan } from "../loop-tracing.ts";
import type { Lineage } from "./lineage.ts";
import { traceEvaluators } from "./trace-evaluators.ts";

export interface Judgement {
  scores: Score[];
  /** One sentence for each evaluator that failed. */
  problems: string[];
  /** The same, by evaluator. */
  failures?: EvaluatorFailure[];
  /** By evaluator; one that failed is not among them. */
  costs?: ReportedCost[];
}

/** Why a trace of one of our evaluators is not judged. */
export const OWN_TRACE = "traced by one of our own evaluators; judging it would never end";
/** Calls of one evaluator on one trace at the same time. */
const SPAN_CONCURRENCY = 4;

/** Runs every evaluator on everything it judges in the trace. Never rejects: what goes wrong is a problem beside the scores. */
export async function judge(
  trace: Trace,
  runs: ReadonlyMap<string, LangSmithRun>,
  evaluators: readonly Evaluator[],
  options: {
    timeoutMs: number;
    signal: AbortSignal;
    lineage: Lineage;
    callLimits: CallLimits;
    sharedCache: EvaluationCache;
    /** Called before each call of an evaluator; what it throws is that call's failure. @default every call may begin */
    begin?: () => void;
    span?: JudgeSpan;
  },
): Promise<Judgement> {
  // The last gate before money is spent: whoever schedules must have looked, and a check that fails lets nothing through.
  if (options.lineage.isOwn(trace)) return { scores: [], problems: [OWN_TRACE] };
  const lineage = options.lineage.sign(trace.id);
  const { span = NO_SPAN, begin } = options;
  const problems: string[] = [];
  const failures: EvaluatorFailure[] = [];
  const costs: ReportedCost[] = [];
  const evaluate = (): Promise<Score[][]> =>
    Promise.all(
      evaluators.map(async (evaluator) => {
        try {
          const timeoutMs = evaluator.timeoutMs ?? options.timeoutMs;
          const targets = targetsOf(evaluator, trace, { runs });
          const attributes = {
            "loopsmith.evaluator": evaluator.name,
            "loopsmith.evaluator_version": evaluator.version,
            "loopsmith.calls": targets.length,
          };
          const evaluateAll = (): Promise<Score[][]> =>
            mapWithLimit(targets, SPAN_CONCURRENCY, (target) =>
              options.callLimits(
                evaluator,
                () => {
                  begin?.();
                  return runEvaluator(
                    evaluator,
                    { ...target, lineage, callLimits: options.callLimits, sharedCache: options.sharedCache },
                    { timeoutMs, signal: options.signal },
                  );
                },
                options.signal,
              ),
            );
          const results = await span.child("evaluate", attributes, evaluateAll);
          costs.push(reportedCost(evaluator.name, results));
          return results.flat();
        } catch (error) {
          const failure = failureOf(evaluator.name, error);
          problems.push(failure.message);
          failures.push(failure);
          return [];
        }
      }),
    );
  const results = await traceEvaluators(lineage, evaluate);
  return { scores: results.flat(), problems, failures, costs };
}
