import type { Action } from "../../src/model/action.ts";
import { createDelivery, type Delivery } from "../../src/model/delivery.ts";
import { stableId } from "../../src/model/id.ts";
import type { JsonObject } from "../../src/model/json.ts";

/** A delivery as the loop would write it, with a failure's context. */
export function aDelivery(action: Action, overrides: Partial<Delivery> = {}): Delivery {
  const traceId = overrides.traceId ?? "5b1e6c0e-0a53-4c1c-9d0f-2f6a3d1f8a01";
  const id = stableId("delivery", traceId, JSON.stringify(action));
  const spanId = "5b1e6c0e-0a53-4c1c-9d0f-2f6a3d1f8a02";
  const parts = { id, loop: "faithfulness", traceId, action, context: aContext(traceId), spanId };
  return { ...createDelivery(parts, Date.UTC(2026, 10, 23, 12)), nextAttemptAt: 0, ...overrides };
}

export function aContext(traceId: string, overrides: JsonObject = {}): JsonObject {
  return {
    failure_id: stableId("failure", traceId),
    loop: "faithfulness",
    trace_id: traceId,
    revision: 1,
    key: "faithfulness",
    score: 0.31,
    threshold: 0.7,
    culprit: {
      span_id: "5b1e6c0e-0a53-4c1c-9d0f-2f6a3d1f8a02",
      name: "retrieval",
      kind: "retriever",
      score: 0.9,
      evidence: ["retrieval relevance 0.21 is below 0.5"],
    },
    attribution: "evidence",
    ...overrides,
  };
}
