export { budgetAfter, budgetWithin, createBudget } from "./budget.ts";
export type { BudgetReservation, RemedyBudget } from "./budget.ts";
export { assignCanary, describeCanary, endCanary, observeCanary, startCanary } from "./canary.ts";
export type { CanaryArm, CanaryAssignment, CanaryOutcome, CanaryState, CanaryStatus } from "./canary.ts";
export type { CanaryOptions, CanaryStage } from "./canary-options.ts";
export { collectCandidates } from "./candidates.ts";
export type { Candidate, CandidateOptions, CandidateSource, Proposal } from "./candidates.ts";
export { buildDataset } from "./dataset.ts";
export type { DatasetOptions, DatasetSource, FollowedPattern, PatternDataset } from "./dataset.ts";
export { growDataset, readDataset } from "./dataset-store.ts";
export type { StoredDataset } from "./dataset-store.ts";
export type {
  Arm,
  EvaluatedRun,
  EvaluatorScore,
  ExperimentEvaluator,
  Target,
  TargetCall,
  TargetResult,
  Trial,
} from "./experiment.ts";
export { memoryJournal } from "./experiment-journal.ts";
export type { ExperimentJournal, JournalEntry } from "./experiment-journal.ts";
export type { ArmOutcome, ExperimentOptions, ExperimentOutcome, ExperimentProgress } from "./experiment-options.ts";
export { readExperimentPairs } from "./experiment-pairs.ts";
export type { ExperimentPairs } from "./experiment-pairs.ts";
export type {
  ExperimentHead,
  ExperimentPlatform,
  ExperimentResult,
  PlatformExample,
  ResultScore,
  RunFeedback,
} from "./experiment-platform.ts";
export { createGate, gate } from "./gate.ts";
export type { Gate } from "./gate.ts";
export type { LimitOptions, LimitVerdict } from "./gate-limits.ts";
export type { GateOptions } from "./gate-options.ts";
export type { GateArm, GateMeasure, GatePair } from "./gate-pair.ts";
export type { SliceOptions, SliceVerdict } from "./gate-slices.ts";
export { gateExitCode } from "./gate-verdict.ts";
export type { GateOutcome, GateReason, GateVerdict, JudgedTruth } from "./gate-verdict.ts";
export { judgeSkill, trueRate } from "./judge-skill.ts";
export type { JudgeSkill, TrueRate } from "./judge-skill.ts";
export type { JudgeError } from "../model/judge-error.ts";
export { promoteCustom } from "./promote/custom.ts";
export type { CustomPromotionOptions } from "./promote/custom.ts";
export { promotePullRequest } from "./promote/github-pull-request.ts";
export type { FileEdit, PullRequestOptions } from "./promote/github-pull-request.ts";
export type { PromoteContext, Promoted, Promoter, Promotion } from "./promote/promoter.ts";
export { promotePrompt } from "./promote/prompt.ts";
export type { PromptPromotionOptions } from "./promote/prompt.ts";
export { promoteWebhook } from "./promote/webhook.ts";
export type { WebhookPromotionOptions } from "./promote/webhook.ts";
export type {
  FailureNote,
  Proposer,
  ProposerCall,
  ProposerContext,
  VisibleFailure,
  VisibleResult,
} from "./proposer.ts";
export { regressionTest } from "./regression-test.ts";
export type { Import, RegressionTestOptions } from "./regression-test.ts";
export { decideRemedy, REMEDY_ACTIONS } from "./decide-remedy.ts";
export type { Decision, RemedyAction } from "./decide-remedy.ts";
export { createRemedy } from "./remedy.ts";
export type { AssignedTraffic, Remedy } from "./remedy.ts";
export type { RemedyDefinition, RemedyDeps, RemedyPattern } from "./remedy-definition.ts";
export type { RemedyExample, RemedySplit } from "./remedy-example.ts";
export type { PlannedStep, RemedyPlan } from "./remedy-plan.ts";
export { memoryRemedyStore } from "./remedy-state.ts";
export type { RemedyEvent, RemedyStage, RemedyState, RemedyStore, TriedCandidate } from "./remedy-state.ts";
export { runExperiment } from "./run-experiment.ts";
export { sealDataset } from "./sealed-dataset.ts";
export type { SealedDataset, VisibleExamples } from "./sealed-dataset.ts";
export { gateSummary, remedySummary } from "./summary.ts";
export type { GatedCandidate } from "./summary.ts";
