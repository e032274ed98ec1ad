import type { Evaluator } from "../evaluator/evaluator.ts";
import { runEvaluator } from "../evaluator/run-evaluator.ts";
import { targetsOf } from "../evaluator/targets.ts";
import { mapWithLimit } from "../internal/map-with-limit.ts";
import { errorMessage } from "../model/errors.ts";
import type { Score } from "../model/score.ts";
import type { Trace } from "../model/trace.ts";
import type { LangSmithRun } from "../wire/langsmith-run.ts";

export interface Judgement {
  scores: Score[];
  /** One sentence for each evaluator that failed. */
  problems: string[];
}

/** Calls of one evaluator on one trace at the same time. */
const SPAN_CONCURRENCY = 4;

/** Runs every evaluator on everything it judges in the trace. Never rejects: what goes wrong is a problem beside the scores. */
export async function judge(
  trace: Trace,
  runs: ReadonlyMap<string, LangSmithRun>,
  evaluators: readonly Evaluator[],
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<Judgement> {
  const problems: string[] = [];
  const results = await Promise.all(
    evaluators.map(async (evaluator) => {
      try {
        const targets = targetsOf(evaluator, trace, { runs });
        const scores = await mapWithLimit(targets, SPAN_CONCURRENCY, (target) =>
          runEvaluator(evaluator, target, {
            timeoutMs: evaluator.timeoutMs ?? options.timeoutMs,
            signal: options.signal,
          }),
        );
        return scores.flat();
      } catch (error) {
        problems.push(errorMessage(error));
        return [];
      }
    }),
  );
  return { scores: results.flat(), problems };
}
