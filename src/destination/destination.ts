import type { Delivery, DeliveryOutcome } from "../model/delivery.ts";
import { LoopsmithError } from "../model/errors.ts";

/** Finds a secret by name: one value, several during rotation (newest first), or `undefined` when there is none. */
export type SecretLookup = (name: string) => string | readonly string[] | undefined;

/** What one attempt may use beside the delivery itself. */
export interface DeliveryContext {
  /** Replaces the fenced transport. Whoever passes it takes over the fence against private networks. */
  fetch?: typeof fetch;
  /** Epoch ms. */
  now(): number;
  /** Aborts the attempt when the process stops. */
  signal: AbortSignal;
  secrets: SecretLookup;
}

/** Where deliveries go: one attempt per call, safe to repeat with the same delivery. */
export interface Destination {
  /** `webhook`, `slack`, `github-issue`, ...; shown in `loopsmith deliveries`. */
  kind: string;
  /**
   * Recording destinations (queue, dataset, feedback, tag) are never throttled; notifying ones may be held back by
   * digest, cooldown or ceiling.
   */
  recording: boolean;
  /**
   * Makes one attempt. What went wrong is an outcome, never an exception, with one exception to that: when
   * `context.signal` aborts, the promise rejects with its reason, and the attempt does not count.
   */
  deliver(delivery: Delivery, context: DeliveryContext): Promise<DeliveryOutcome>;
}

/**
 * Checks the shape of a destination of your own and returns it.
 * @throws LoopsmithError `invalid` when a member is missing.
 */
export function defineDestination(destination: Destination): Destination {
  const { kind, recording } = destination;
  if (
    typeof kind !== "string" ||
    kind === "" ||
    typeof recording !== "boolean" ||
    typeof destination.deliver !== "function"
  ) {
    throw new LoopsmithError("invalid", "A destination needs `kind`, `recording` and `deliver`.", {
      hint: "Pass { kind: string, recording: boolean, deliver(delivery, context) { ... } }.",
    });
  }
  return destination;
}
