import type { DeliveryState } from "../model/delivery.ts";
import type { VerdictOutcome } from "../model/verdict.ts";
import type { LedgerState } from "../store/resource/ledger.ts";
import type { Store } from "../store/store.ts";

export interface LoopStatus {
  loop: string;
  project: string;
  running: boolean;
  /** Traces by where they stand. */
  traces: Record<LedgerState, number>;
  verdicts: Record<VerdictOutcome, number>;
  /** Failing traces with a culprit; the others are not attributable. */
  culprits: number;
  deliveries: { kind: string; state: DeliveryState; count: number }[];
  /** Due and not judged yet. */
  waiting: number;
  /** How long the oldest of these has been due, in ms. */
  lagMs: number;
  lastSweepAt: number | null;
  lastError: { at: number; message: string } | null;
}

export async function loopStatus(
  store: Store,
  loop: { id: string; name: string; projectName: string },
  live: Pick<LoopStatus, "running" | "lastSweepAt" | "lastError">,
): Promise<LoopStatus> {
  const [ledger, { culprits, ...verdicts }, deliveries] = await Promise.all([
    store.ledgerCounts({ loopId: loop.id }),
    store.verdictCounts({ loopId: loop.id }),
    store.deliveryCounts({ loopId: loop.id }),
  ]);
  return {
    loop: loop.name,
    project: loop.projectName,
    ...live,
    traces: ledger.byState,
    verdicts,
    culprits,
    deliveries,
    waiting: ledger.waiting,
    lagMs: ledger.oldestDueAt === null ? 0 : Math.max(0, store.now() - ledger.oldestDueAt),
  };
}
