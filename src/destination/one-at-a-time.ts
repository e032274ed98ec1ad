import { withDeadline } from "../internal/deadline.ts";
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
  const last = new Map<string, Promise<unknown>>();
  return (key, context, task) =>
    withDeadline({ stop: context.signal, timeoutMs: TIMEOUT_MS }, (signal) => {
      const run = (): ReturnType<typeof task> => task({ ...context, signal });
      const next = (last.get(key) ?? Promise.resolve()).then(run);
      const settled = next.then(
        () => undefined,
        () => undefined,
      );
      last.set(key, settled);
      void settled.then(() => last.get(key) === settled && last.delete(key));
      return next;
    });
}
