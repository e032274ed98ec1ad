import type { DeliveryState } from "../model/delivery.ts";
import type { VerdictOutcome } from "../model/verdict.ts";
import type { LedgerState } from "../store/resource/ledger.ts";
import type { Store } from "../store/store.ts";
import type { Pause } from "./judge/circuit-breaker.ts";
import type { Budget } from "./judge/budget.ts";
import { loopBudgets, type BudgetStanding } from "./loop-budgets.ts";
import { loopWorkers, type LoopWorker } from "./heartbeat.ts";

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
  /** Epoch ms at which this process, or else any other, last looked for traces; `null` before the first time. */
  lastSweepAt: number | null;
  /** Processes that watch for the loop, this one and others, the latest heard of first. */
  workers: LoopWorker[];
  /** Time since any of them was heard of, in ms; `null` while nobody watches. */
  silentMs: number | null;
  /** Evaluators that a worker has stopped asking, why, and when it asks again; up to 15 s old. */
  paused: Pause[];
  /** What each budget's present window has used. */
  budgets: BudgetStanding[];
  lastError: { at: number; message: string } | null;
}

export async function loopStatus(
  store: Store,
  loop: { id: string; name: string; projectName: string; budgets?: readonly Budget[] },
  live: Pick<LoopStatus, "running" | "lastSweepAt" | "lastError">,
): Promise<LoopStatus> {
  const [workers, ledger, { culprits, ...verdicts }, deliveries, budgets] = await Promise.all([
    loopWorkers(store, loop.id),
    store.ledgerCounts({ loopId: loop.id }),
    store.verdictCounts({ loopId: loop.id }),
    store.deliveryCounts({ loopId: loop.id }),
    loopBudgets(store, loop.id, loop.budgets ?? []),
  ]);
  return {
    loop: loop.name,
    project: loop.projectName,
    ...live,
    lastSweepAt: live.lastSweepAt ?? latest(workers.map(({ lastSweepAt }) => lastSweepAt)),
    workers,
    paused: distinct(workers.flatMap((worker) => worker.paused)),
    silentMs: workers[0] ? Math.max(0, store.now() - workers[0].heartbeatAt) : null,
    traces: ledger.byState,
    verdicts,
    culprits,
    deliveries,
    budgets,
    waiting: ledger.waiting,
    lagMs: ledger.oldestDueAt === null ? 0 : Math.max(0, store.now() - ledger.oldestDueAt),
  };
}

/** One an evaluator: that of the worker heard of last. */
function distinct(pauses: readonly Pause[]): Pause[] {
  return pauses.filter((pause, at) => pauses.findIndex(({ evaluator }) => evaluator === pause.evaluator) === at);
}

function latest(times: readonly (number | null)[]): number | null {
  return times.reduce((last, at) => (at !== null && (last === null || at > last) ? at : last), null);
}
