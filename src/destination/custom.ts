import { withDeadline } from "../internal/deadline.ts";
import { unlessAborted } from "../internal/unless-aborted.ts";
import type { Delivery, DeliveryOutcome } from "../model/delivery.ts";
import type { Destination } from "./destination.ts";
import { attempted } from "./http-outcome.ts";
import { DEFAULT_TIMEOUT_MS } from "./send.ts";

/**
 * Carries out `custom` actions: your own function. Returning nothing means delivered; throwing means try again on the
 * schedule. It is called at least once, with the same `delivery.id` each time: check that id before an effect that must
 * not happen twice. Stop when `signal` aborts.
 */
export type ActionHandler = (
  delivery: Delivery,
  signal: AbortSignal,
) => DeliveryOutcome | void | Promise<DeliveryOutcome | void>;

/**
 * @param handlers by the action's `name`
 * @param options `timeoutMs` for one call, default 15 s
 */
export function customDestination(
  handlers: Readonly<Record<string, ActionHandler>>,
  options: { timeoutMs?: number } = {},
): Destination {
  const known = new Map(Object.entries(handlers));
  return {
    kind: "custom",
    recording: false,
    deliver: (delivery, context) =>
      attempted(context, async () => {
        const name = delivery.action.action === "custom" ? delivery.action.name : "";
        const handler = known.get(name);
        // A handler can be missing after a deployment and back after the next: worth the schedule.
        if (!handler)
          return { status: "retry", reason: `there is no handler named "${name}" in the loop's \`actions\`` };
        const deadline = { stop: context.signal, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS };
        // A handler that ignores the signal must not hold the attempt for ever.
        const outcome = await withDeadline(deadline, (signal) =>
          unlessAborted(signal, () => handler(delivery, signal)),
        );
        return outcome ?? { status: "delivered" };
      }),
  };
}
