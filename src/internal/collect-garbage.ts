import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** From the first call until the garbage is collected: what caused it is mostly over by then. */
const DELAY_MS = 500;

let collect: (() => void) | null = null;
let isDue = false;

/**
 * Has the garbage collected in a moment, at most twice a second. For after work that left far more behind than usual: by
 * itself the engine waits for the heap to grow to several times what lives in it, and keeps that size for long.
 */
export function collectGarbageSoon(): void {
  if (isDue) return;
  isDue = true;
  setTimeout(() => {
    isDue = false;
    collect ??= collector();
    collect();
  }, DELAY_MS).unref();
}

/** The engine gives its collector to contexts made after the flag is set, so no option of the process is needed. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  return gc;
}
