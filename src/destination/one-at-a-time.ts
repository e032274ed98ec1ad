import { withDeadline } from "../internal/deadline.ts";
import { taskQueues } from "../internal/task-queues.ts";
import type { DeliveryContext } from "./destination.ts";

/** From the start of the wait, so that attempts that queue behind a slow receiver end within a worker's lease. */
const TIMEOUT_MS = 60_000;

/**
 * Gives a function that runs tasks of one key one after the other, each with a deadline that counts the wait:
 * search-then-create must not race with itself.
 */
export function oneAtATime(): <T>(
  key: string,
  context: DeliveryContext,
  task: (context: DeliveryContext) => Promise<T>,
) => Promise<T> {
  const inTurn = taskQueues();
  return (key, context, task) =>
    withDeadline({ stop: context.signal, timeoutMs: TIMEOUT_MS }, (signal) =>
      inTurn(key, () => task({ ...context, signal })),
    );
}
