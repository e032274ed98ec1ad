export type {
  CallLimits,
  Evaluator,
  EvaluatorCost,
  EvaluatorInput,
  EvaluatorTarget,
  SpanSelector,
} from "./evaluator.ts";
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
export type { LangSmithExample } from "../wire/langsmith-run.ts";

export { defineEvaluator } from "./define-evaluator.ts";
export type { MappedDefinition, RunDefinition } from "./define-evaluator.ts";
export { fromModule } from "./from-module.ts";
export type { FromModuleOptions } from "./from-module.ts";
export type { IsolationOptions } from "./isolation/isolation-options.ts";
export { text } from "./input-mapping.ts";
export type { InputMapping, InputSource, MappedInputs } from "./input-mapping.ts";
export { memoryCache } from "./evaluation-cache.ts";
export type { CacheOption, EvaluationCache, MemoryCacheOptions } from "./evaluation-cache.ts";
export { allOf, anyOf, vetoedBy, weightedMean } from "./composite.ts";
export type { CompositeOptions, VetoOptions } from "./composite.ts";
export { humanEvaluator } from "./human.ts";
export type { HumanEvaluatorOptions } from "./human.ts";
export { remoteEvaluator } from "./remote.ts";
export type { RemoteEvaluatorOptions } from "./remote.ts";
export type { HttpOptions } from "./http/post-json.ts";
export { defineConversationEvaluator, idleFrom, runConversationEvaluator } from "./conversation.ts";
export type {
  ConversationDefinition,
  ConversationEvaluator,
  ConversationInput,
  ConversationTurn,
} from "./conversation.ts";
export { fromOpenEvals } from "./from-openevals.ts";
export type { FromOpenEvalsOptions, OpenEvalsEvaluator } from "./from-openevals.ts";
export { fromAutoevals } from "./from-autoevals.ts";
export type { AutoevalsScorer, FromAutoevalsOptions } from "./from-autoevals.ts";

export type { BuiltinOptions } from "./builtin/builtin-options.ts";
export type { TextOptions } from "./builtin/judged-text.ts";
export { groundedness } from "./builtin/groundedness.ts";
export type { GroundednessOptions } from "./builtin/groundedness.ts";
export { retrievalRelevance } from "./builtin/retrieval-relevance.ts";
export type { RetrievalRelevanceOptions } from "./builtin/retrieval-relevance.ts";
export { jsonSchema } from "./builtin/json-schema.ts";
export type { JsonSchemaOptions } from "./builtin/json-schema.ts";
export { matches } from "./builtin/matches.ts";
export type { MatchesOptions } from "./builtin/matches.ts";
export { length } from "./builtin/length.ts";
export type { LengthOptions } from "./builtin/length.ts";
export { latency } from "./builtin/latency.ts";
export type { LatencyOptions } from "./builtin/latency.ts";
export { cost } from "./builtin/cost.ts";
export type { CostOptions } from "./builtin/cost.ts";
export { toolCallSuccess } from "./builtin/tool-call-success.ts";
export type { ToolCallSuccessOptions } from "./builtin/tool-call-success.ts";
export { loopDetection } from "./builtin/loop-detection.ts";
export type { LoopDetectionOptions } from "./builtin/loop-detection.ts";
export { repetition } from "./builtin/repetition.ts";
export type { RepetitionOptions } from "./builtin/repetition.ts";
export { refusal } from "./builtin/refusal.ts";
export type { RefusalOptions } from "./builtin/refusal.ts";
export { language } from "./builtin/language.ts";
export type { LanguageOptions } from "./builtin/language.ts";

export { llmJudge } from "./judge/llm-judge.ts";
export type { LlmJudgeOptions } from "./judge/llm-judge.ts";
export { CRITERIA } from "./judge/criteria.ts";
export { openAiCompatible } from "./judge/openai-compatible.ts";
export type { OpenAiCompatibleOptions } from "./judge/openai-compatible.ts";
export { anthropic } from "./judge/anthropic.ts";
export type { AnthropicOptions } from "./judge/anthropic.ts";
export { fromAiSdk } from "./judge/from-ai-sdk.ts";
export type { AiSdkMessage, AiSdkModel, FromAiSdkOptions } from "./judge/from-ai-sdk.ts";
export { detectInjection } from "./judge/injection-detector.ts";
export type { InjectionFinding } from "./judge/injection-detector.ts";
export type { JudgeAnswer, JudgeFinish, JudgeModel, JudgeRequest, ModelPrice } from "./judge/judge-model.ts";
export type { JudgeCall } from "./judge/ask-judge.ts";
export type { JudgeVerdict } from "./judge/read-verdict.ts";
export type { JudgeExample } from "./judge/judge-prompt.ts";
export type { JudgeScaleLike } from "./judge/scale.ts";

export { calibrate } from "./calibration/calibrate.ts";
export type { CalibrateOptions, Calibration, Share } from "./calibration/calibrate.ts";
export { chooseThreshold } from "./calibration/choose-threshold.ts";
export type { ChooseThresholdOptions, ChosenThreshold } from "./calibration/choose-threshold.ts";
export { labelsFromFeedback } from "./calibration/labelled.ts";
export type { Labelled, LabelsOptions } from "./calibration/labelled.ts";
export { checkEvaluator, parseLabelledCases } from "./calibration/check-evaluator.ts";
export type { CheckEvaluatorOptions, EvaluatorCheck, LabelledCase } from "./calibration/check-evaluator.ts";
export type { Confusion } from "../internal/statistics/agreement.ts";
export { allocateLabels } from "../internal/statistics/rogan-gladen.ts";
