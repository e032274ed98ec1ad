import { createDelivery, type Delivery } from "../../model/delivery.ts";
import { stableId } from "../../model/id.ts";
import type { FeedbackWrite } from "../../model/span-write.ts";
import type { Verdict } from "../../model/verdict.ts";

/** On a foreign platform a score travels like every other effect: queued with the verdict, delivered under its stable id. */
export function scoreDelivery(item: FeedbackWrite & { startAt: number }, verdict: Verdict): Delivery {
  return createDelivery(
    {
      // The delivery is one a revision, the feedback it writes (`feedback_id`) one for all: the last judgement stands.
      id: stableId("score", item.id, verdict.revision),
      loop: verdict.loopId,
      traceId: verdict.traceId,
      revision: verdict.revision,
      action: {
        action: "create_feedback",
        key: item.key,
        score: item.score ?? null,
        ...(item.comment ? { comment: item.comment } : {}),
        ...(typeof item.value === "string" ? { value: item.value } : {}),
      },
      context: {
        feedback_id: item.id,
        project_id: item.projectId ?? "",
        started_at: { [item.runId ?? verdict.traceId]: new Date(item.startAt).toISOString() },
      },
      spanId: item.runId ?? verdict.traceId,
    },
    verdict.decidedAt,
  );
}
