// The SDK's public surface. Importing it opens nothing, reads no environment and loads no database.

export { createFeedbackLoop } from "./loop.ts";
export type { BackfillOptions, FeedbackLoop } from "./loop.ts";
export type { ProcessSummary } from "./loop/process/process-results.ts";
export type { ExperimentRow, ExperimentRows } from "./loop/process/process-rows.ts";
export type { BudgetStanding } from "./loop/loop-budgets.ts";
export type { Retirement } from "./loop/retire-loop.ts";
export type { RunOptions, RunProgress, RunSummary } from "./loop/run-through.ts";
export type { BackfillPlan } from "./loop/plan-backfill.ts";
export { defineLoop } from "./loop/define-loop.ts";
export type { LoopDeclaration } from "./loop/define-loop.ts";
export type { BlameOptions, FailureActions, FeedbackLoopOptions } from "./loop/options.ts";
export type { JudgeCalibration, JudgeCalibrationOptions } from "./loop/calibrate-judge.ts";
export { blameJudge } from "./loop/judge/blame-judge.ts";
export type { BlameJudgeOptions } from "./loop/judge/blame-judge.ts";
export type { BlameJudge, ReplaySpan } from "./blame/climb-with-hooks.ts";
export type { LoopEventName, LoopEvents } from "./loop/events.ts";
export type { IssueDetails } from "./loop/explain-issue.ts";
export type { IssueAction, IssuesOptions } from "./loop/loop-issues.ts";
export type { LoopStatus } from "./loop/loop-status.ts";
export type { LoopPattern, LoopPatternReport, PatternsOptions } from "./loop/loop-patterns.ts";

// Actions: what `onFailure` returns.
export {
  addToAnnotationQueue,
  addToDataset,
  createFeedback,
  custom,
  notify,
  tag,
  webhook,
} from "./destination/action-helpers.ts";
export type { Action } from "./model/action.ts";

// Destinations: what `notify` names.
export { defineDestination } from "./destination/destination.ts";
export { renderDigest } from "./destination/digest.ts";
export { email } from "./destination/email.ts";
export { githubIssue } from "./destination/github-issue.ts";
export { http } from "./destination/http.ts";
export { linearIssue } from "./destination/linear-issue.ts";
export { pagerDuty } from "./destination/pagerduty.ts";
export { slack } from "./destination/slack.ts";
export type { ActionHandler } from "./destination/custom.ts";
export type { DeliveryContext, Destination, SecretLookup } from "./destination/destination.ts";

// Remedies: from a pattern to a fix that is proved. See docs/remedy.md.
export { toExperimentEvaluator } from "./loop/remedy/experiment-evaluator.ts";
export { APPROVAL_KEY } from "./loop/remedy/ask-approval.ts";
export { defineRemedy } from "./loop/remedy/declare-remedy.ts";
export type { RemedyDeclaration } from "./loop/remedy/declare-remedy.ts";
export type { LoopRemedies, RunRemediesOptions } from "./loop/remedy/loop-remedies.ts";
export { proposeWithModel } from "./loop/remedy/propose-with-model.ts";
export type { ModelProposerOptions } from "./loop/remedy/propose-with-model.ts";
export { durableJournal, durableRemedyStore } from "./loop/remedy/remedy-store.ts";
export { embeddedExperiments } from "./platform/embedded-experiments.ts";
export { langsmithExperiments } from "./platform/langsmith-experiments.ts";
export {
  createGate,
  createRemedy,
  gate,
  gateExitCode,
  gateSummary,
  memoryJournal,
  memoryRemedyStore,
  promoteCustom,
  promotePrompt,
  promotePullRequest,
  promoteWebhook,
  readExperimentPairs,
  regressionTest,
} from "./remedy/index.ts";
export type {
  AssignedTraffic,
  Candidate,
  CandidateSource,
  DatasetSource,
  Decision,
  ExperimentEvaluator,
  ExperimentPlatform,
  GateOptions,
  GatePair,
  GateVerdict,
  Promoter,
  Promotion,
  Proposer,
  Remedy,
  RemedyDefinition,
  RemedyAction,
  RemedyDeps,
  RemedyPlan,
  RemedyState,
  RemedyStore,
  Target,
  Trial,
} from "./remedy/index.ts";

// What a loop talks about.
export { ERROR_CODES, LoopsmithError } from "./model/errors.ts";
export type { ErrorCode } from "./model/errors.ts";
export type { Attribution, Culprit, Evidence, Failure } from "./model/failure.ts";
export type { Delivery, DeliveryState } from "./model/delivery.ts";
export type { FollowedPattern, IssueEvent, IssueState } from "./model/issue.ts";
export type { AlertRule } from "./model/alert.ts";
export type { AlertAction } from "./loop/act-on-alert.ts";
export type { AlertStatus } from "./loop/loop-alerts.ts";
export type { Pattern, PatternReport, Predicate } from "./model/pattern.ts";
export type { Score, Threshold } from "./model/score.ts";
export type { Span, Trace } from "./model/trace.ts";
export type { Verdict, VerdictOutcome } from "./model/verdict.ts";
export type { LangSmithRun } from "./wire/langsmith-run.ts";
export type { EvaluatorLike } from "./evaluator/from-langsmith.ts";
export type { Platform } from "./platform/platform.ts";
