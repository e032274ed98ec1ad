import type { TraceHead } from "../model/trace.ts";
import type { Platform } from "../platform/platform.ts";
import type { Store } from "../store/store.ts";
import type { ResolvedLoopOptions } from "./options.ts";

export interface SweepDeps {
  store: Store;
  platform: Platform;
  loopId: string;
  projectId: string;
  options: ResolvedLoopOptions;
}

/** Enters heads into the ledger: due once the root has ended and the trace was quiet, or when it was open for too long. */
export async function enrol(deps: SweepDeps, heads: readonly TraceHead[], settleMs?: number): Promise<number> {
  const { store, loopId, options } = deps;
  const quietMs = settleMs ?? options.settleMs;
  return store.ledgerEnrol({
    loopId,
    heads: heads.map((head) => ({
      ...head,
      dueAt: head.rootEndAt === null ? head.startAt + options.maxOpenMs : head.changedAt + quietMs,
    })),
  });
}

/**
 * Looks through every trace of the time range and enrols what the ledger does not know yet, or knows in an older state.
 * Idempotent: the same range can be swept any number of times, which is what makes a missed notification harmless.
 */
export async function sweep(
  deps: SweepDeps,
  range: { startFrom: number; startTo?: number },
  options: { settleMs?: number; limit?: number; onProgress?: (seen: number) => void } = {},
): Promise<number> {
  let seen = 0;
  for await (const page of deps.platform.traceHeads({ projectId: deps.projectId, ...range })) {
    const heads = options.limit === undefined ? page : page.slice(0, Math.max(0, options.limit - seen));
    await enrol(deps, heads, options.settleMs);
    seen += heads.length;
    options.onProgress?.(seen);
    if (heads.length < page.length) break;
  }
  return seen;
}
