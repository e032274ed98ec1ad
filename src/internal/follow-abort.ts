import { setMaxListeners } from "node:events";

/**
 * Aborts `controller` when `stop` does, with the same reason.
 * @returns ends that
 */
export function followAbort(stop: AbortSignal, controller: AbortController): () => void {
  const forward = (): void => controller.abort(stop.reason);
  if (stop.aborted) forward();
  // One listener for each piece of work under way is no leak, however many there are.
  setMaxListeners(0, stop);
  // Not AbortSignal.any: on Node 20 a long-lived `stop` keeps every signal derived from it.
  stop.addEventListener("abort", forward, { once: true });
  return () => stop.removeEventListener("abort", forward);
}
