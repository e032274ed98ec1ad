import { climbWithHooks, type HookOptions } from "../blame/climb-with-hooks.ts";
import { deliveryIds } from "../destination/delivery-id.ts";
import { sealAction } from "../destination/secret.ts";
import { validateAction } from "../destination/validate-action.ts";
import type { Action } from "../model/action.ts";
import { createDelivery, type Delivery } from "../model/delivery.ts";
import { failureContext, type Failure, type FailureReason } from "../model/failure.ts";
import { stableId } from "../model/id.ts";
import type { JsonObject } from "../model/json.ts";
import { failingScores, thresholdFor, type Score } from "../model/score.ts";
import type { FeedbackWrite } from "../model/span-write.ts";
import type { Trace } from "../model/trace.ts";
import type { Verdict } from "../model/verdict.ts";
import { extractFeatures } from "../pattern/extract-features.ts";
import { evaluatorSource } from "../wire/feedback-source.ts";
import type { LangSmithRun } from "../wire/langsmith-run.ts";
import type { BlameKnowledge } from "./judge/blame-history.ts";
import { failureReason } from "./judge/failure-reason.ts";
import { NO_SPAN, type JudgeSpan } from "./loop-tracing.ts";
import type { Judgement } from "./judge/judge.ts";
import { assertDeliverable } from "./assert-deliverable.ts";
import type { ResolvedLoopOptions } from "./options.ts";

export interface Decision {
  verdict: Verdict;
  /** `null` unless the verdict is `fail`. */
  failure: Failure | null;
  deliveries: Delivery[];
  /** Literal secrets that were taken out of the actions, by the name that stands in for them. */
  secrets: Map<string, string>;
  /** The scores as feedback, with stable ids. */
  feedback: (FeedbackWrite & { startAt: number })[];
}

export interface DecideParams {
  loopId: string;
  trace: Trace;
  run: LangSmithRun;
  revision: number;
  judgement: Judgement;
  options: ResolvedLoopOptions;
  now: number;
  /** What the project's history says of spans. */
  knowledge?: BlameKnowledge;
  span?: JudgeSpan;
  /** Told of a judge or replay that throws; the rungs below still answer. */
  onHookError?: HookOptions["onHookError"];
}

/**
 * Turns scores into a verdict, a failing one into a blamed span and deliveries. Pure but for the call of `onFailure`.
 * @throws whatever `onFailure` throws; LoopsmithError `invalid` for an action that cannot be delivered
 */
export async function decide(params: DecideParams): Promise<Decision> {
  const { loopId, trace, run, revision, judgement, options, now } = params;
  const { scores, problems, failures = [] } = judgement;
  const failed = [...new Set(failures.map(({ evaluator }) => evaluator))];
  const failing = failingScores(scores, options.threshold);
  const worst = failing[0];
  const thresholded = scores.filter(
    (score) => score.score !== null && thresholdFor(options.threshold, score.key) !== undefined,
  );
  const { assignReason, ...history } = params.knowledge ?? {};
  const attribution = worst
    ? await (params.span ?? NO_SPAN).child("blame", {}, () =>
        climbWithHooks(trace, scores, {
          threshold: options.threshold,
          ...history,
          ...options.blame,
          onHookError: params.onHookError ?? (() => {}),
        }),
      )
    : null;
  const said = worst && attribution && failureReason({ ...attribution, comment: worst.comment });
  const reason = (said && (await assignReason?.(said))) || null;
  const verdict: Verdict = {
    id: stableId("verdict", loopId, trace.id, revision),
    loopId,
    traceId: trace.id,
    revision,
    outcome: worst ? "fail" : problems.length > 0 ? "error" : thresholded.length > 0 ? "pass" : "unscored",
    key: worst?.key ?? null,
    score: worst?.score ?? null,
    threshold: worst ? (thresholdFor(options.threshold, worst.key) ?? null) : null,
    comment: problems.length > 0 ? problems.join("; ") : (worst?.comment ?? null),
    scores,
    ...(failed.length > 0 && { failedEvaluators: failed.toSorted() }),
    attribution,
    features: { ...extractFeatures(trace, scores, attribution), ...(reason ? { reason: reason.label } : {}) },
    cluster: options.cluster(trace),
    traceStartAt: trace.root.startAt,
    decidedAt: now,
  };
  const written = scores.filter((score) => !isTakenFromPeople(score, options));
  const feedback = options.writeScores ? written.map((score) => toFeedback(score, trace, loopId)) : [];
  const failure = worst && attribution ? toFailure(verdict, worst, attribution, options.name, reason) : null;
  if (!failure) return { verdict, failure, deliveries: [], secrets: new Map(), feedback };

  const returned = await options.onFailure(run, failure.score, failure);
  const actions = (Array.isArray(returned) ? returned : returned ? [returned] : []).map(validateAction);
  for (const action of actions) assertDeliverable(action, options);
  return { verdict, failure, feedback, ...toDeliveries(actions, failure, loopId, trace, now) };
}

/** What people said stands on the span already; written back it would count twice. */
function isTakenFromPeople({ evaluator, key }: Score, { evaluators }: ResolvedLoopOptions): boolean {
  return evaluators.some(({ name, feedbackKeys }) => name === evaluator && feedbackKeys?.includes(key));
}

function toFailure(
  verdict: Verdict,
  worst: Score,
  attribution: NonNullable<Verdict["attribution"]>,
  loop: string,
  reason: FailureReason | null,
): Failure {
  return {
    ...attribution,
    id: stableId("failure", verdict.loopId, verdict.traceId, verdict.revision),
    loop,
    traceId: verdict.traceId,
    revision: verdict.revision,
    key: worst.key,
    score: worst.score ?? 0,
    threshold: verdict.threshold ?? 0,
    scores: verdict.scores,
    ...(worst.comment === undefined ? {} : { comment: worst.comment }),
    reason,
  };
}

function toDeliveries(
  actions: readonly Action[],
  failure: Failure,
  loopId: string,
  trace: Trace,
  now: number,
): Pick<Decision, "deliveries" | "secrets"> {
  const ids = deliveryIds({ loop: loopId, traceId: trace.id, revision: failure.revision, actions });
  const secrets = new Map<string, string>();
  const deliveries = actions.map((action, index): Delivery => {
    const sealed = sealAction(action);
    for (const [name, value] of sealed.secrets) secrets.set(name, value);
    const spanId = targetSpan(action, failure, trace);
    return createDelivery(
      {
        id: ids[index] as string,
        loop: loopId,
        traceId: trace.id,
        revision: failure.revision,
        action: sealed.action,
        context: { ...failureContext(failure), ...whereabouts(trace, [spanId, failure.culprit?.spanId]) },
        spanId,
      },
      now,
    );
  });
  return { deliveries, secrets };
}

/** What a platform needs to find the spans again: LangSmith's keys are (run, project, start time). */
function whereabouts(trace: Trace, spanIds: readonly (string | undefined)[]): JsonObject {
  const startedAt: JsonObject = {};
  for (const span of trace.spans) {
    if (span.id === trace.root.id || spanIds.includes(span.id))
      startedAt[span.id] = new Date(span.startAt).toISOString();
  }
  return { project_id: trace.projectId, started_at: startedAt };
}

/** Feedback goes to the culprit, everything else to the root, unless the action names a span. */
function targetSpan(action: Action, failure: Failure, trace: Trace): string {
  if ("spanId" in action && action.spanId !== undefined) return action.spanId;
  if (action.action === "create_feedback") return failure.culprit?.spanId ?? trace.root.id;
  return trace.root.id;
}

/** The id leaves the revision out: judging a trace again updates the score that stands there. */
export function toFeedback(score: Score, trace: Trace, loopId: string): FeedbackWrite & { startAt: number } {
  const span = trace.spans.find((candidate) => candidate.id === score.spanId) ?? trace.root;
  return {
    id: stableId("feedback", loopId, trace.id, span.id, score.key),
    runId: span.id,
    traceId: trace.id,
    projectId: trace.projectId,
    key: score.key,
    score: score.score,
    ...(score.value === undefined ? {} : { value: score.value }),
    ...(score.comment === undefined ? {} : { comment: score.comment }),
    source: evaluatorSource(score),
    startAt: span.startAt,
  };
}
