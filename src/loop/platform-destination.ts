import type { Destination } from "../destination/destination.ts";
import type { Delivery, DeliveryOutcome } from "../model/delivery.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { Platform, SpanReference } from "../platform/platform.ts";

/** Codes after which another attempt cannot help. */
const HOPELESS = new Set(["invalid", "forbidden", "not_implemented"]);

/** Carries out the recording actions (queue, dataset, feedback, tag) on the platform the traces come from. */
export function platformDestination(platform: Platform): Destination {
  return {
    kind: platform.name,
    recording: true,
    async deliver(delivery): Promise<DeliveryOutcome> {
      try {
        await carryOut(platform, delivery);
        return { status: "delivered" };
      } catch (error) {
        // Our own disk: no attempt at anything, and nothing could be written down about it.
        if (LoopsmithError.isInstance(error) && error.code === "storage_full") throw error;
        const hopeless = LoopsmithError.isInstance(error) && HOPELESS.has(error.code);
        return { status: hopeless ? "dead" : "retry", reason: errorMessage(error) };
      }
    },
  };
}

async function carryOut(platform: Platform, delivery: Delivery): Promise<void> {
  const { action, context } = delivery;
  const span = referenceTo(delivery, delivery.spanId);
  switch (action.action) {
    case "add_to_annotation_queue": {
      const culprit = isJsonObject(context["culprit"]) ? context["culprit"]["span_id"] : null;
      return platform.queueAdd({
        id: delivery.id,
        queueName: action.queueName,
        span,
        context: { ...context, ...action.metadata },
        contextSpan: referenceTo(delivery, typeof culprit === "string" ? culprit : delivery.spanId),
      });
    }
    case "add_to_dataset":
      return platform.exampleAdd({
        id: delivery.id,
        datasetName: action.datasetName,
        inputs: action.inputs ?? {},
        ...(action.outputs ? { outputs: action.outputs } : {}),
        metadata: { ...context, ...action.metadata },
        ...(action.split === undefined ? {} : { split: action.split }),
        sourceRunId: delivery.spanId,
      });
    case "create_feedback": {
      const { value, comment } = action;
      const score = typeof action.score === "boolean" ? Number(action.score) : action.score;
      return platform.feedbackWrite({
        feedback: [
          {
            id: typeof context["feedback_id"] === "string" ? context["feedback_id"] : delivery.id,
            runId: span.spanId,
            traceId: span.traceId,
            projectId: span.projectId,
            key: action.key,
            startAt: span.startAt,
            source: { type: "model", metadata: { loopsmith: true } },
            ...(score === undefined ? {} : { score }),
            ...(value === undefined ? {} : { value }),
            ...(comment === undefined ? {} : { comment }),
          },
        ],
      });
    }
    case "tag":
      return platform.tagAdd({ span, tag: action.tag });
    default:
      throw new LoopsmithError("internal", `"${action.action}" is no action of a platform`, {
        hint: "This is a bug in Loopsmith; please report it.",
      });
  }
}

function referenceTo({ context, traceId }: Delivery, spanId: string): SpanReference {
  const startedAt = isJsonObject(context["started_at"]) ? context["started_at"] : ({} as JsonObject);
  const projectId = context["project_id"];
  const start = startedAt[spanId] ?? startedAt[traceId];
  return {
    spanId,
    traceId,
    projectId: typeof projectId === "string" ? projectId : "",
    startAt: typeof start === "string" ? Date.parse(start) : 0,
  };
}
