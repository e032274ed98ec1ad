import type { DeliveryContext } from "../../src/destination/destination.ts";

/** The context of an attempt in tests: real clock, no stop, no secrets, the real transport. */
export function deliveryContext(overrides: Partial<DeliveryContext> = {}): DeliveryContext {
  return { now: Date.now, signal: new AbortController().signal, secrets: () => undefined, ...overrides };
}
