import { setMaxListeners } from "node:events";

/**
 * Runs `work` with a signal that aborts when `stop` does, or after `timeoutMs` with an error named `TimeoutError`.
 * Rejects with that reason, whatever error of its own the work made of it.
 */
export async function withDeadline<T>(
  stop: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  stop.throwIfAborted();
  const deadline = new AbortController();
  const expire = (): void => deadline.abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
  const forward = (): void => deadline.abort(stop.reason);
  const timer = setTimeout(expire, timeoutMs);
  // One listener for each attempt under way is no leak, however many there are.
  setMaxListeners(0, stop);
  // Not AbortSignal.any: on Node 20 a long-lived `stop` keeps every signal derived from it.
  stop.addEventListener("abort", forward, { once: true });
  try {
    return await work(deadline.signal);
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", forward);
  }
}
