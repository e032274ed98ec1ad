import type { Action } from "./action.ts";
import type { JsonObject } from "./json.ts";

export const DELIVERY_STATES = ["pending", "delivered", "dead", "suppressed"] as const;

/**
 * - `pending`: waits for its next attempt
 * - `delivered`: the receiver acknowledged it
 * - `dead`: attempts exhausted or refused for good; listed as a dead letter, can be replayed
 * - `suppressed`: a notifying action held back by digest, cooldown or ceiling; counted, never silently dropped
 */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One action to be carried out, with its attempts. */
export interface Delivery {
  /** Deterministic; the same on every attempt and after a restart. Receivers dedupe on it. */
  id: string;
  loop: string;
  traceId: string;
  revision: number;
  /** What to do. Secrets are never in here, only names of secrets. */
  action: Action;
  /** The failure's context (`failureContext`). */
  context: JsonObject;
  /** The span the action is about. */
  spanId: string;
  state: DeliveryState;
  /** Attempts made so far. */
  attempts: number;
  /** Epoch ms of the first scheduling. */
  createdAt: number;
  /** Epoch ms of the next attempt, while pending. */
  nextAttemptAt: number;
  deliveredAt: number | null;
  /** Why the last attempt failed. */
  lastError: string | null;
  /** The digest that tells of it; absent for what was not held, or waits for its digest. */
  digestId?: string;
  /** Epoch ms of the last replay; what was replayed is sent, not held. Absent for what never was. */
  replayedAt?: number;
}

/** What makes a delivery; without a trace and a span it is about neither. */
export type DeliveryParts = Pick<Delivery, "id" | "loop" | "action" | "context"> &
  Partial<Pick<Delivery, "traceId" | "revision" | "spanId">>;

/** A delivery before its first attempt, which is due at once. @param now epoch ms */
export function createDelivery(parts: DeliveryParts, now: number): Delivery {
  return {
    traceId: "",
    revision: 1,
    spanId: "",
    ...parts,
    state: "pending",
    attempts: 0,
    createdAt: now,
    nextAttemptAt: now,
    deliveredAt: null,
    lastError: null,
  };
}

/** What one attempt came to. */
export type DeliveryOutcome =
  | { status: "delivered"; detail?: string }
  /** `retryAfterMs` is the receiver's own wish (Retry-After); it can only lengthen the schedule's delay. */
  | { status: "retry"; reason: string; retryAfterMs?: number }
  /** `disable`: the receiver asked for no more deliveries (410); the endpoint's other deliveries must stop too. */
  | { status: "dead"; reason: string; disable?: boolean };
