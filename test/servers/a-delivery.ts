import type { Action } from "../../src/model/action.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { stableId } from "../../src/model/id.ts";
import type { JsonObject } from "../../src/model/json.ts";

/** A delivery as the loop would write it, with a failure's context. */
export function aDelivery(action: Action, overrides: Partial<Delivery> = {}): Delivery {
  const traceId = overrides.traceId ?? "5b1e6c0e-0a53-4c1c-9d0f-2f6a3d1f8a01";
  return {
    id: stableId("delivery", traceId, JSON.stringify(action)),
    loop: "faithfulness",
    traceId,
    revision: 1,
    action,
    context: aContext(traceId),
    spanId: "5b1e6c0e-0a53-4c1c-9d0f-2f6a3d1f8a02",
    state: "pending",
    attempts: 0,
    createdAt: Date.UTC(2026, 10, 23, 12),
    nextAttemptAt: 0,
    deliveredAt: null,
    lastError: null,
    ...overrides,
  };
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
