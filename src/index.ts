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
export type { FailureActions, FeedbackLoopOptions } from "./loop/options.ts";
export type { DeliveriesOptions, DeliverySelection, ReplayOptions } from "./loop/loop-deliveries.ts";
export type { DryRunReport } from "./loop/dry-run.ts";
export type { Budget } from "./loop/judge/budget.ts";
export type { CallLimit, CallLimitOptions } from "./loop/judge/call-limits.ts";
export type { SampleOptions } from "./loop/judge/sample.ts";
export type { LearnOptions } from "./loop/learn/learn.ts";
export type { LifeOptions } from "./pattern-life/life-options.ts";
export type { LoopTracer, TracerAttributes, TracerContext, TracerSpan } from "./loop/loop-tracing.ts";
export type { WindowOption } from "./loop/window.ts";
export type { JudgeCalibration, JudgeCalibrationOptions } from "./loop/calibrate-judge.ts";
export { blameJudge } from "./loop/judge/blame-judge.ts";
export type { BlameJudgeOptions } from "./loop/judge/blame-judge.ts";
export type { BlameJudge, BlameOptions, ReplaySpan } from "./blame/climb-with-hooks.ts";
export type { LoopEventName, LoopEvents } from "./loop/events.ts";
export type { IssueDetails } from "./loop/explain-issue.ts";
export type { Exemplar } from "./loop/explain-pattern.ts";
export type { IssueRate } from "./pattern-life/issue-rate.ts";
export type { RateInterval } from "./internal/statistics/confidence-sequence.ts";
export type { IssueAction, IssuesOptions } from "./loop/loop-issues.ts";
export type { LoopStatus } from "./loop/loop-status.ts";
export type { LoopWorker } from "./loop/heartbeat.ts";
export type { Pause } from "./loop/judge/circuit-breaker.ts";
export type { LedgerState } from "./store/resource/ledger.ts";
export type { LoopPattern, LoopPatternReport, PatternsOptions } from "./loop/loop-patterns.ts";
export type { Agreement, JudgeError } from "./model/judge-error.ts";
export type { MineOptions } from "./pattern/mine-patterns.ts";
export type { TraceQuery } from "./pattern/trace-query.ts";

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
export { secretNamed } from "./destination/secret-named.ts";
export type {
  Action,
  ActionKind,
  AnnotationQueueAction,
  CustomAction,
  DatasetAction,
  FeedbackAction,
  NotifyAction,
  SealedSecret,
  SecretReference,
  TagAction,
  WebhookAction,
} from "./model/action.ts";

// Destinations: what `notify` names.
export { defineDestination } from "./destination/destination.ts";
export { renderDigest } from "./destination/digest.ts";
export type { DigestOptions } from "./destination/digest.ts";
export { email } from "./destination/email.ts";
export type { EmailOptions } from "./destination/email.ts";
export { githubIssue } from "./destination/github-issue.ts";
export type { GithubIssueOptions } from "./destination/github-issue.ts";
export { http } from "./destination/http.ts";
export type { HttpDestinationOptions } from "./destination/http.ts";
export { linearIssue } from "./destination/linear-issue.ts";
export type { LinearIssueOptions } from "./destination/linear-issue.ts";
export { pagerDuty } from "./destination/pagerduty.ts";
export type { PagerDutyOptions, PagerDutySeverity } from "./destination/pagerduty.ts";
export { slack } from "./destination/slack.ts";
export type { SlackBot, SlackOptions, SlackWebhook } from "./destination/slack.ts";
export type { Credential } from "./destination/credential.ts";
export type { ActionHandler } from "./destination/custom.ts";
export type { DeliveryContext, Destination, SecretLookup } from "./destination/destination.ts";
export type { AllowPrivateNetworks } from "./destination/network-fence.ts";
export type { ResolvedAddress } from "./destination/safe-fetch.ts";

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
export type { RateLimiter } from "./platform/rate-limiter.ts";
export type { RemedyProgress } from "./loop/remedy/declared-remedy.ts";
export type { CanaryOptions, CanaryStage } from "./remedy/canary-options.ts";
export type { CanaryArm, CanaryOutcome, CanaryState, CanaryStatus } from "./remedy/canary.ts";
export type { Candidate, CandidateSource, Proposal } from "./remedy/candidates.ts";
export type { DatasetOptions, DatasetSource, NamedPattern } from "./remedy/dataset.ts";
export type { Decision, RemedyAction } from "./remedy/decide-remedy.ts";
export { memoryJournal } from "./remedy/experiment-journal.ts";
export type { ExperimentJournal, JournalEntry } from "./remedy/experiment-journal.ts";
export type { ExperimentProgress } from "./remedy/experiment-options.ts";
export { readExperimentPairs } from "./remedy/experiment-pairs.ts";
export type { ExperimentPairs, FinishedExperiments } from "./remedy/experiment-pairs.ts";
export type {
  ExperimentHead,
  ExperimentPlatform,
  ExperimentResult,
  PlatformExample,
  ResultScore,
  RunFeedback,
} from "./remedy/experiment-platform.ts";
export type {
  Arm,
  EvaluatedRun,
  EvaluatorScore,
  ExperimentEvaluator,
  Target,
  TargetCall,
  TargetResult,
  Trial,
} from "./remedy/experiment.ts";
export { createGate, gate } from "./remedy/gate.ts";
export type { Gate } from "./remedy/gate.ts";
export type { LimitOptions, LimitVerdict } from "./remedy/gate-limits.ts";
export type { GateOptions } from "./remedy/gate-options.ts";
export type { GateArm, GateMeasure, GatePair } from "./remedy/gate-pair.ts";
export type { SliceOptions, SliceVerdict } from "./remedy/gate-slices.ts";
export { gateExitCode } from "./remedy/gate-verdict.ts";
export type { GateOutcome, GateReason, GateVerdict, JudgedTruth } from "./remedy/gate-verdict.ts";
export type { TrueRate } from "./remedy/judge-skill.ts";
export type { CorrectedRate } from "./internal/statistics/rogan-gladen.ts";
export type { BootstrapInterval } from "./internal/statistics/bootstrap.ts";
export { promoteCustom } from "./remedy/promote/custom.ts";
export type { CustomPromotionOptions } from "./remedy/promote/custom.ts";
export { promotePullRequest } from "./remedy/promote/github-pull-request.ts";
export type { FileEdit, PullRequestOptions } from "./remedy/promote/github-pull-request.ts";
export type { PromoteContext, Promoted, Promoter, Promotion } from "./remedy/promote/promoter.ts";
export { promotePrompt } from "./remedy/promote/prompt.ts";
export type { PromptPromotionOptions } from "./remedy/promote/prompt.ts";
export { promoteWebhook } from "./remedy/promote/webhook.ts";
export type { WebhookPromotionOptions } from "./remedy/promote/webhook.ts";
export type {
  FailureNote,
  Proposer,
  ProposerCall,
  ProposerContext,
  VisibleFailure,
  VisibleResult,
} from "./remedy/proposer.ts";
export type { RandomSource } from "./internal/random.ts";
export { regressionTest } from "./remedy/regression-test.ts";
export type { NamedImport, RegressionTestOptions } from "./remedy/regression-test.ts";
export type { RemedyDefinition, RemedyDeps, RemedyPattern } from "./remedy/remedy-definition.ts";
export type { RemedyExample, RemedySplit } from "./remedy/remedy-example.ts";
export type { PlannedStep, RemedyPlan } from "./remedy/remedy-plan.ts";
export { memoryRemedyStore } from "./remedy/remedy-state.ts";
export type { RemedyEvent, RemedyStage, RemedyState, RemedyStore, TriedCandidate } from "./remedy/remedy-state.ts";
export { createRemedy } from "./remedy/remedy.ts";
export type { AssignedTraffic, Remedy } from "./remedy/remedy.ts";
export type { VisibleExamples } from "./remedy/sealed-dataset.ts";
export { gateSummary } from "./remedy/summary.ts";
export type { GatedCandidate } from "./remedy/summary.ts";

// Alerts: when to tell whom. See docs/alerts.md.
export type {
  AlertCondition,
  AlertNotification,
  AlertPhase,
  AlertRule,
  AlertSeverity,
  AlertState,
  AlertTransition,
  BurnRateCondition,
  BurnWindow,
  EvaluatorHealthCondition,
  FailureRateCondition,
  LagCondition,
  PatternCondition,
  SpendCondition,
} from "./model/alert.ts";
export type { AlertPreview } from "./alert/preview-alert.ts";
export type { ThrottlePolicy } from "./alert/throttle.ts";
export type { AlertAction } from "./loop/act-on-alert.ts";
export type { AlertStatus } from "./loop/loop-alerts.ts";

// What a loop talks about.
export { ERROR_CODES, LoopsmithError } from "./model/errors.ts";
export type { ErrorCode, LoopsmithErrorOptions } from "./model/errors.ts";
export type { Attribution, Culprit, Evidence, Failure, FailureReason } from "./model/failure.ts";
export type { Delivery, DeliveryOutcome, DeliveryState } from "./model/delivery.ts";
export type {
  FollowedPattern,
  HistoryEntry,
  IssueEvent,
  IssueEventType,
  IssueLink,
  IssueState,
} from "./model/issue.ts";
export type { Json, JsonObject } from "./model/json.ts";
export type {
  FeatureRow,
  FeatureValue,
  Pattern,
  PatternReport,
  Predicate,
  PredicateOperator,
} from "./model/pattern.ts";
export type { Score, Threshold } from "./model/score.ts";
export type { Span, SpanKind, SpanScore, SpanStatus, TokenUsage, Trace, TraceHead } from "./model/trace.ts";
export type { Verdict, VerdictOutcome } from "./model/verdict.ts";
export type { FeedbackStats, LangSmithRun } from "./wire/langsmith-run.ts";
export type { EvaluatorLike } from "./evaluator/from-langsmith.ts";

// Platforms: where traces live.
export type { EmbeddedSource } from "./platform/embedded.ts";
export type { Platform, SpanReference } from "./platform/platform.ts";
export type { ExampleAddition } from "./model/dataset.ts";
export type { FeedbackWrite } from "./model/span-write.ts";
export type { StandingScore } from "./model/standing-score.ts";
