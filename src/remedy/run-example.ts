import { failingScores, thresholdFor } from "../model/score.ts";
import { stableId } from "../model/id.ts";
import type { JsonObject } from "../model/json.ts";
import type { Score } from "../model/score.ts";
import type { Span } from "../model/trace.ts";
import type { Arm, EvaluatedRun, EvaluatorScore, ExperimentEvaluator, Trial } from "./experiment.ts";
import type { ExperimentResult, ResultScore } from "./experiment-platform.ts";
import { paidCall } from "./paid-call.ts";
import type { PaidCallContext } from "./paid-call.ts";
import type { RemedyExample } from "./remedy-example.ts";

/** One arm's run on one example. */
export interface ArmRun {
  result: ExperimentResult;
  /** `null`: no score with a pass mark, because an evaluator failed or did not apply. */
  pass: boolean | null;
  /** Mean of the scores with a pass mark. */
  score: number | null;
}

export interface RunExampleOptions<C> {
  /** Part of every key, so that experiments do not share results. */
  experiment: string;
  trial: Trial<C>;
  arm: Arm<C>;
  /** Of the arm's configuration. */
  armKey: string;
  example: RemedyExample;
  repetition: number;
  /** Epoch ms. */
  now: () => number;
}

interface TargetOutcome {
  outputs: JsonObject | null;
  error: string | null;
  costUsd: number | null;
  tokens: number | null;
  spans: readonly Span[];
  startAt: number;
  endAt: number;
}

interface EvaluatorOutcome {
  scores: readonly EvaluatorScore[];
  error: string | null;
}

/** Runs the target once on an example and has every evaluator judge it, each a paid call of its own. */
export async function runExample<C>(options: RunExampleOptions<C>, context: PaidCallContext): Promise<ArmRun> {
  const { trial, arm, armKey, example, repetition, experiment } = options;
  const path = [experiment, armKey, trial.targetVersion ?? "1", example.id, repetition] as const;
  const runId = stableId("experiment run", ...path);
  const target = await callTarget(options, runId, context);
  const run: EvaluatedRun = { runId, inputs: example.inputs, ...target };
  const judge = (evaluator: ExperimentEvaluator): Promise<EvaluatorOutcome> =>
    callEvaluator(evaluator, run, options, context);
  // Free ones run together and share a commit; paid ones one by one, so that no more are in flight than may be.
  const free = new Map(trial.evaluators.filter(isFree).map((evaluator) => [evaluator, judge(evaluator)]));
  await Promise.all(free.values());
  const scores: ResultScore[] = [];
  const errors: string[] = [];
  for (const evaluator of trial.evaluators) {
    const outcome = await (free.get(evaluator) ?? judge(evaluator));
    if (outcome.error !== null) errors.push(`${evaluator.name}: ${outcome.error}`);
    for (const score of outcome.scores) {
      const id = stableId("experiment feedback", runId, evaluator.name, evaluator.version, score.key);
      scores.push({ ...score, id, evaluator: evaluator.name, evaluatorVersion: evaluator.version });
    }
  }
  const { spans, ...rest } = target;
  const metadata = { arm: arm.name, repetition, ...(errors.length > 0 && { evaluator_errors: errors }) };
  const result: ExperimentResult = {
    runId,
    exampleId: example.id,
    repetition,
    inputs: example.inputs,
    ...rest,
    ...(spans.length > 0 && { spans }),
    scores,
    metadata,
  };
  return { result, ...passOf(result, trial, errors.length > 0) };
}

/**
 * A run that failed outright has not passed, whatever its scores. One that an evaluator could not judge is unknown,
 * unless another evaluator's score fails it already.
 */
export function passOf<C>(
  { scores, error }: Pick<ExperimentResult, "scores" | "error">,
  { threshold }: Pick<Trial<C>, "threshold">,
  incomplete: boolean,
): { pass: boolean | null; score: number | null } {
  const plain: Score[] = scores.map((score) => ({ ...score, spanId: "" }));
  const marked = plain.filter((score) => score.score !== null && thresholdFor(threshold, score.key) !== undefined);
  const mean = marked.reduce((sum, score) => sum + (score.score ?? 0), 0) / Math.max(1, marked.length);
  const score = marked.length > 0 ? mean : null;
  if (error !== null || failingScores(plain, threshold).length > 0) return { pass: false, score };
  return { pass: incomplete || marked.length === 0 ? null : true, score };
}

function callTarget<C>(
  { experiment, trial, arm, armKey, example, repetition, now }: RunExampleOptions<C>,
  runId: string,
  context: PaidCallContext,
): Promise<TargetOutcome> {
  let startAt = now();
  return paidCall<TargetOutcome>(
    {
      key: stableId("target", experiment, armKey, trial.targetVersion ?? "1", example.id, repetition),
      maxUsd: trial.maxCostUsd ?? 0,
      timeoutMs: trial.timeoutMs ?? 120_000,
      async run(signal) {
        startAt = now();
        const inputs = structuredClone(example.inputs);
        const answer = await trial.target({
          config: arm.config,
          inputs,
          exampleId: example.id,
          repetition,
          runId,
          signal,
        });
        const { outputs, costUsd = null, tokens = null, spans = [] } = answer;
        const result = { outputs, error: null, costUsd, tokens, spans, startAt, endAt: now() };
        return { result, usd: costUsd ?? trial.maxCostUsd ?? 0 };
      },
      failed: (error) => ({ outputs: null, error, costUsd: null, tokens: null, spans: [], startAt, endAt: now() }),
    },
    context,
  );
}

function isFree({ maxCostUsd = 0 }: ExperimentEvaluator): boolean {
  return maxCostUsd === 0;
}

function callEvaluator<C>(
  evaluator: ExperimentEvaluator,
  run: EvaluatedRun,
  { experiment, example }: RunExampleOptions<C>,
  context: PaidCallContext,
): Promise<EvaluatorOutcome> {
  return paidCall<EvaluatorOutcome>(
    {
      key: stableId("evaluator", experiment, run.runId, evaluator.name, evaluator.version),
      maxUsd: evaluator.maxCostUsd ?? 0,
      timeoutMs: 60_000,
      async run(signal) {
        const { scores, costUsd } = await evaluator.evaluate({ example, run, signal });
        return { result: { scores, error: null }, usd: costUsd ?? evaluator.maxCostUsd ?? 0 };
      },
      failed: (error) => ({ scores: [], error }),
    },
    context,
  );
}
