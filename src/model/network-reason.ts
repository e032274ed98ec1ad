import { errorMessage } from "./errors.ts";

/**
 * Why an exchange over the network failed, for people. `fetch` wraps the error it met in a TypeError that says nothing itself, and
 * Node wraps one error for each address it tried.
 */
export function networkReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(networkReason).join("; ");
  if (error instanceof TypeError && error.cause instanceof Error) return networkReason(error.cause);
  return errorMessage(error);
}
