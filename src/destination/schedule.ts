import type { DeliveryOutcome } from "../model/delivery.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * The published schedule: how long each attempt waits after the one before it; the first goes out at once. Ten attempts
 * over 75 h 35 min, the example schedule of the Standard Webhooks specification.
 */
export const RETRY_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Each delay varies by this share either way, so that deliveries that failed together do not return together. */
const RETRY_JITTER = 0.1;

/** A receiver's `Retry-After` is obeyed up to here; beyond it we ask again. */
export const MAX_RETRY_AFTER_MS = 24 * HOUR;

/**
 * When to try again, in epoch ms, or `null` when there is nothing to try: delivered, dead, or the schedule is used up.
 *
 * @param attempts attempts made so far, the one that gave `outcome` included
 * @param random uniform in [0, 1), for example `Math.random`
 * @param delaysMs another schedule of the same form; its length is the number of attempts
 */
export function nextAttempt(
  attempts: number,
  outcome: DeliveryOutcome,
  now: number,
  random: () => number,
  delaysMs: readonly number[] = RETRY_DELAYS_MS,
): number | null {
  const delay = delaysMs[attempts];
  if (outcome.status !== "retry" || delay === undefined) return null;
  const sample = random();
  const scheduled = delay * (1 + RETRY_JITTER * (2 * sample - 1));
  // Jitter on the receiver's own wish only ever lengthens it: coming back early is what it asked us not to do.
  const wished = Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) * (1 + RETRY_JITTER * sample);
  return Math.round(now + Math.max(scheduled, wished));
}
