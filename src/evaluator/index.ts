export type { Evaluator, EvaluatorCost, EvaluatorInput, EvaluatorTarget, SpanSelector } from "./evaluator.ts";
export { matchesSelector, targetsOf } from "./targets.ts";
export type { TargetsOptions } from "./targets.ts";
export { toEvaluator } from "./from-langsmith.ts";
export type {
  EvaluatorLike,
  LangSmithArguments,
  LangSmithEvaluatorFunction,
  LangSmithRunEvaluator,
  ToEvaluatorOptions,
} from "./from-langsmith.ts";
export { DEFAULT_EVALUATOR_TIMEOUT_MS, runEvaluator } from "./run-evaluator.ts";
export type { EvaluatorFailureReason, RunEvaluatorOptions } from "./run-evaluator.ts";
export type { EvaluatorResult, EvaluatorReturn } from "../wire/evaluator-result.ts";
