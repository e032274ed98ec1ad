import { followAbort } from "./follow-abort.ts";

export interface Deadline {
  /** Ends the work early. Default: nothing does. */
  stop?: AbortSignal;
  timeoutMs: number;
  /** Makes the reason when time is up. Default: an error named `TimeoutError`. */
  late?: () => unknown;
}

/**
 * Runs `work` with a signal that aborts when `stop` does, or after `timeoutMs`. Rejects with that reason, whatever error of its
 * own the work made of it; work that gives a result all the same has made it. Work that may ignore its signal goes through
 * `unlessAborted`.
 */
export async function withDeadline<T>(
  { stop, timeoutMs, late = () => new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError") }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  stop?.throwIfAborted();
  const deadline = new AbortController();
  const unfollow = stop && followAbort(stop, deadline);
  const timer = setTimeout(() => deadline.abort(late()), timeoutMs);
  try {
    return await work(deadline.signal);
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    clearTimeout(timer);
    unfollow?.();
  }
}
