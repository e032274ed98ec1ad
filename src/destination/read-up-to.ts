/**
 * The body of a response as text, cut at `maxBytes`, at `timeoutMs`, when `signal` aborts or when the connection breaks.
 * Never rejects: the status is known by now, and decides.
 */
export async function readUpTo(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<{ text: string; complete: boolean }> {
  const reader = response.body?.getReader();
  if (!reader) return { text: "", complete: true };
  const chunks: Uint8Array[] = [];
  let size = 0;
  let complete = false;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    reader.cancel().catch(() => undefined);
  };
  const timer = setTimeout(stop, timeoutMs);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    while (size < maxBytes) {
      const { done, value } = await reader.read();
      // A cancelled reader also says "done".
      complete = done && !stopped;
      if (done) break;
      chunks.push(value.subarray(0, maxBytes - size));
      size += value.byteLength;
    }
  } catch {
    complete = false;
  }
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  if (!complete) stop();
  return { text: new TextDecoder().decode(Buffer.concat(chunks)), complete };
}
