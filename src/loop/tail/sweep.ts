import type { JsonObject } from "../../model/json.ts";
import type { TraceHead } from "../../model/trace.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Store } from "../../store/store.ts";
import type { ResolvedLoopOptions } from "../options.ts";
import { isOpen, undoneHeads } from "./undone-heads.ts";

export interface SweepDeps {
  store: Store;
  platform: Platform;
  loopId: string;
  projectId: string;
  options: ResolvedLoopOptions;
  /** Feedback keys whose scores the loop reads. */
  readKeys: readonly string[];
}

/** Enters heads into the ledger: due once the root has ended and the trace was quiet, or when it was open for too long. */
export async function enrol(
  deps: SweepDeps,
  heads: readonly TraceHead[],
  { settleMs, cursor }: { settleMs?: number | undefined; cursor?: { name: string; value: JsonObject } } = {},
): Promise<number> {
  const { store, loopId, options } = deps;
  const quietMs = settleMs ?? options.settleMs;
  return store.ledgerEnrol({
    loopId,
    ...(cursor && { cursor }),
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
  range: { startFrom: number; startTo?: number; changedFrom?: number },
  {
    limit = Infinity,
    errors = false,
    ...options
  }: {
    settleMs?: number;
    /** Traces enrolled at most; those the loop is done with, and those that still run, do not count. @default all */
    limit?: number;
    /** Enrol those whose evaluators failed too, under a new revision. @default false */
    errors?: boolean;
    onProgress?: (seen: number) => void;
  } = {},
): Promise<number> {
  const { store, loopId } = deps;
  let seen = 0;
  let taken = 0;
  for await (const page of deps.platform.traceHeads({ projectId: deps.projectId, ...range })) {
    const known = limit === Infinity && !errors ? null : await undoneHeads(store, loopId, page);
    const now = store.now();
    const heads = (known?.undone ?? page).filter((head) => isOpen(head, deps.options, now) || (taken += 1) <= limit);
    const failed = errors && known ? known.failed.filter(() => (taken += 1) <= limit) : [];
    if (failed.length > 0)
      await store.ledgerReopen({ loopId, traceIds: failed.map(({ traceId }) => traceId), settleMs: 0 });
    await enrol(deps, heads, { settleMs: options.settleMs });
    seen += page.length;
    options.onProgress?.(seen);
    if (taken >= limit) break;
  }
  return seen;
}

/** How far behind the last sweep the next one begins: what is committed a little later carries an earlier time. */
const OVERLAP_MS = 5_000;
/** Which part of the past is looked through how often. The further back, the less often: what is missed is rare. */
const TIERS = [
  { everyMs: 30_000, backMs: 2 * 60_000 },
  { everyMs: 2 * 60_000, backMs: 15 * 60_000 },
  { everyMs: 10 * 60_000, backMs: 3 * 60 * 60_000 },
  { everyMs: 60 * 60_000, backMs: Infinity },
] as const;

/**
 * Sweeps over what changed, where the platform knows, so that a notification that was missed is made good by one of them: what
 * changed since the last sweep every time, the last two minutes every half minute, the last quarter of an hour every two
 * minutes, the last three hours every ten, the whole look-back every hour and at the start. A sweep that failed stays due,
 * so that after an outage the next one reaches back over it. Where the platform does not know, `tail.ts` follows it.
 */
export function createSweeps(deps: SweepDeps): () => Promise<void> {
  const { store, options } = deps;
  const lastAt = new Map<number, number>();
  let sweptTo = Infinity;
  return async () => {
    const now = store.now();
    // A clock that was set back must not keep the sweeps away until it has caught up.
    const isDue = (at: number, everyMs: number): boolean => now < at || now - at >= everyMs;
    const due = TIERS.filter(({ everyMs, backMs }) => isDue(lastAt.get(backMs) ?? -Infinity, everyMs));
    const furthest = Math.min(Math.max(0, ...due.map(({ backMs }) => backMs)), options.lookbackMs);
    const changedFrom = Math.min(now - furthest, sweptTo - OVERLAP_MS);
    await sweep(deps, { startFrom: now - options.lookbackMs, changedFrom });
    for (const { backMs } of due) lastAt.set(backMs, now);
    sweptTo = now;
  };
}
