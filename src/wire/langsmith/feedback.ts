import { toIsoTime } from "../../internal/iso-time.ts";
import type { StoredFeedback } from "../../model/stored-feedback.ts";

/** A feedback as LangSmith's API writes it. */
export function feedbackJson(feedback: StoredFeedback): Record<string, unknown> {
  return {
    id: feedback.id,
    run_id: feedback.runId,
    trace_id: feedback.traceId,
    session_id: feedback.projectId,
    key: feedback.key,
    score: feedback.score,
    value: feedback.value,
    comment: feedback.comment,
    correction: feedback.correction,
    feedback_source: feedback.source,
    feedback_group_id: feedback.groupId,
    comparative_experiment_id: feedback.comparativeExperimentId,
    extra: feedback.extra,
    created_at: toIsoTime(feedback.createdAt),
    modified_at: toIsoTime(feedback.modifiedAt),
  };
}
