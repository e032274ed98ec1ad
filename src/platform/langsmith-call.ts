import { statusOf, toPlatformError } from "./langsmith-errors.ts";

/** @throws LoopsmithError in place of whatever the client throws */
export async function langsmithCall<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toPlatformError(error);
  }
}

/** `null` where the client says that there is no such thing. */
export async function foundOrNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (isStatus(error, 404) || /not found/i.test(String((error as Error)?.message))) return null;
    throw error;
  }
}

export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  const status = statusOf(error);
  // Words count only where the client gives no number.
  return (
    statuses.includes(status) ||
    (status === 0 && statuses.includes(409) && /conflict|already exists/i.test(String(error)))
  );
}
