import { retryAfterMs } from "../internal/retry-after.ts";
import type { DeliveryOutcome } from "../model/delivery.ts";
import { LoopsmithError } from "../model/errors.ts";
import { networkReason } from "../model/network-reason.ts";
import type { DeliveryContext } from "./destination.ts";
import { excerptOf } from "./plain-text.ts";
import type { Answer } from "./send.ts";

/**
 * What an answer means by the Standard Webhooks rules: 2xx alone is success; 410 ends deliveries to the endpoint; all
 * else, redirects included, is tried again on the schedule, no sooner than `Retry-After` says.
 *
 * @param finalStatuses statuses by which this receiver says that the same request will never be taken
 */
export function outcomeOfAnswer(answer: Answer, now: number, finalStatuses: readonly number[] = []): DeliveryOutcome {
  const { status } = answer;
  if (status >= 200 && status < 300) return { status: "delivered", detail: `status ${status}` };
  const excerpt = excerptOf(answer.text, 200);
  const reason = `status ${status}${excerpt === "" ? "" : `: ${excerpt}`}`;
  if (status === 410)
    return { status: "dead", reason: `${reason}; the receiver wants no more deliveries`, disable: true };
  if (finalStatuses.includes(status)) return { status: "dead", reason };
  if (status >= 300 && status < 400) return { status: "retry", reason: `${reason}; redirects are not followed` };
  const waitMs = retryAfterMs(answer.headers, now);
  return { status: "retry", reason, ...(waitMs !== null && { retryAfterMs: waitMs }) };
}

/**
 * Runs one attempt and turns what it throws into an outcome: a refusal of the fence, or a message that can never be
 * sent, is final (the dead letter can be replayed once the cause is gone); anything else is tried again.
 * @throws the reason of `context.signal` when the attempt was called off
 */
export async function attempted(
  context: DeliveryContext,
  attempt: () => Promise<DeliveryOutcome>,
): Promise<DeliveryOutcome> {
  try {
    return await attempt();
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    if (LoopsmithError.isInstance(error) && (error.code === "forbidden" || error.code === "invalid")) {
      return { status: "dead", reason: `${error.message} ${error.hint}` };
    }
    return { status: "retry", reason: networkReason(error) };
  }
}
