/**
 * Runs work that may not heed `signal`: rejects with its reason as soon as it aborts. What the work comes to after that is dropped.
 */
export async function unlessAborted<T>(signal: AbortSignal, work: () => T | PromiseLike<T>): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
  });
  // Before the work starts, so that it comes before anything the work makes of the abort.
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([aborted, (async () => work())()]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
