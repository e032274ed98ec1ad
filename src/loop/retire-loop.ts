import type { LoopRow } from "../store/resource/ledger.ts";
import type { Store } from "../store/store.ts";

/** What taking a loop out of use ended. */
export interface Retirement {
  /** Traces that waited to be judged. */
  traces: number;
  /** Deliveries that were pending; they can be replayed when the loop is back. */
  deliveries: number;
}

/**
 * Takes a loop out of use: what waits for it ends with the reason, and `/healthz` and the choice among several loops leave it
 * out. Its verdicts stay, and running it again brings it back. Stop what runs it first.
 */
export function retireLoop(store: Store, loop: Pick<LoopRow, "id" | "name">): Promise<Retirement> {
  return store.loopRetire({ id: loop.id, reason: `the loop "${loop.name}" was retired` });
}
