import type { CallLimits, Evaluator, EvaluatorTarget } from "../../evaluator/evaluator.ts";
import { toEvaluator, type EvaluatorLike } from "../../evaluator/from-langsmith.ts";
import { runEvaluator } from "../../evaluator/run-evaluator.ts";
import { targetsOf } from "../../evaluator/targets.ts";
import type { Score } from "../../model/score.ts";
import { createSpan, createTrace, type Trace } from "../../model/trace.ts";
import type { EvaluatedRun, ExperimentEvaluator } from "../../remedy/experiment.ts";
import { toRuns } from "../../wire/to-run.ts";

/**
 * An evaluator of a loop, for the runs of an experiment: the same code judges a candidate that found the failure.
 *
 * @param callLimits what its calls wait for; a loop's remedies wait for the limits of the loop. Default: nothing
 */
export function toExperimentEvaluator(
  like: EvaluatorLike,
  callLimits: CallLimits = (_evaluator, call) => call(),
): ExperimentEvaluator {
  const evaluator: Evaluator = toEvaluator(like);
  return {
    name: evaluator.name,
    version: evaluator.version,
    ...(evaluator.cost?.usd === undefined ? {} : { maxCostUsd: evaluator.cost.usd }),
    async evaluate({ example, run, signal }) {
      const trace = traceOf(run);
      const reference = {
        id: example.id,
        inputs: example.inputs,
        ...(example.outputs && { outputs: example.outputs }),
      };
      const targets = targetsOf(evaluator, trace, { runs: toRuns(trace), example: reference as never });
      const judge = (target: EvaluatorTarget): Promise<Score[]> =>
        callLimits(evaluator, () => runEvaluator(evaluator, { ...target, callLimits }, { signal }), signal);
      const scores = (await Promise.all(targets.map(judge))).flat();
      const usd = scores.map((score) => score.cost?.usd).filter((cost) => cost !== undefined);
      return { scores, ...(usd.length > 0 ? { costUsd: usd.reduce((sum, cost) => sum + cost, 0) } : {}) };
    },
  };
}

/** The run's own spans, or a root alone where the target recorded none. */
function traceOf(run: EvaluatedRun): Trace {
  const { runId: id, startAt, endAt, error, inputs, outputs } = run;
  const [root = createSpan({ id, name: "target", startAt, endAt, error, inputs, outputs })] = run.spans;
  return createTrace(root, [...run.spans]);
}
