import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** From the first call until the garbage is collected: what caused it is mostly over by then. */
const DELAY_MS = 500;

let collect: (() => void) | null = null;
let isDue = false;

/**
 * Has this thread's garbage collected in a moment, at most twice a second. For after work that left far more behind than usual: by
 * itself the engine waits for the heap to grow to several times what lives in it, and keeps that size for long.
 */
export function collectGarbageSoon(): void {
  if (isDue) return;
  isDue = true;
  setTimeout(() => {
    isDue = false;
    collect ??= collector();
    collect?.();
  }, DELAY_MS).unref();
}

/**
 * The engine gives its collector to contexts made after the flag is set, so no option of the process is needed. `null` when
 * another thread takes the flag back in between: they share it. The next time will do.
 */
function collector(): (() => void) | null {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("globalThis.gc ?? null") as (() => void) | null;
  setFlagsFromString("--no-expose-gc");
  return gc;
}
