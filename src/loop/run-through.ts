import { sharedAbort } from "../internal/shared-abort.ts";
import { createDeliverer } from "./deliver.ts";
import { makeDigests } from "./digest.ts";
import type { LoopEmitter } from "./events.ts";
import { findProject } from "./find-project.ts";
import { createConversationJudge, nextConversationDue } from "./judge/judge-conversations.ts";
import { createJudge } from "./judge/judge-due.ts";
import { evaluateRulesAlone } from "./learn/evaluate-rules.ts";
import { learn } from "./learn/learn.ts";
import type { OpenLoop } from "./open-loop.ts";
import type { ResolvedLoopOptions } from "./options.ts";
import { scoreWatch } from "./tail/score-watch.ts";
import { sweep } from "./tail/sweep.ts";

export interface RunOptions {
  /** Quiet time this run insists on. @default the loop's settleMs */
  settleMs?: number;
  /**
   * Called as traces are found and judged. `total` is how many this run is going to judge as far as is known, or `null` while
   * it looks for them; `waiting` is what is left of these, or what was looked at so far.
   */
  onProgress?: (progress: RunProgress) => void;
}

export interface RunProgress {
  judged: number;
  waiting: number;
  total: number | null;
}

/** What one run over existing traces came to. Counts are of this run. */
export interface RunSummary {
  /** Traces with a verdict of any outcome. */
  judged: number;
  failures: number;
  /** Of the judged, those without a score that the threshold speaks of. */
  unscored: number;
  /** Of the judged, those whose evaluators failed until their attempts were used up (verdict `error`). */
  errors: number;
  delivered: number;
}

export interface RunRange extends RunOptions {
  /** Epoch ms, by start of the trace. */
  startFrom: number;
  startTo?: number;
  /** Traces judged at most. Those judged before do not count. @default all */
  limit?: number;
  /** Judge those of the range again whose evaluators failed. @default false */
  errors?: boolean;
}

/** How long a run waits for work that a crashed one (or another worker) holds under a lease: longer than any lease. */
const FOREIGN_LEASE_MS = 60_000;
const LEASE_POLL_MS = 1_000;

/** Judges everything of a range that is or soon becomes due, delivers, and returns when nothing is left to do now. */
export async function runThrough(
  loop: OpenLoop,
  options: ResolvedLoopOptions,
  emitter: LoopEmitter,
  range: RunRange,
): Promise<RunSummary> {
  const { store, loopId } = loop;
  const alertsFrom = store.now();
  const { startFrom, startTo, limit = Infinity, errors = false, onProgress, settleMs = options.settleMs } = range;
  const summary: RunSummary = { judged: 0, failures: 0, unscored: 0, errors: 0, delivered: 0 };
  const projectId = await findProject(loop.platform, options);
  if (projectId === null) return summary;
  const deps = { ...loop, projectId, options };
  await loop.register();
  await scoreWatch(deps)(store.now());
  await sweep(
    deps,
    { startFrom, ...(startTo === undefined ? {} : { startTo }) },
    { settleMs, limit, errors, onProgress: (seen) => onProgress?.({ judged: 0, waiting: seen, total: null }) },
  );
  let total = Math.min(limit, (await store.ledgerCounts({ loopId })).waiting);
  const tell = (): void => {
    total = Math.max(total, summary.judged);
    onProgress?.({ judged: summary.judged, waiting: total - summary.judged, total });
  };
  const listening = [
    emitter.on("trace:judged", ({ verdict }) => {
      summary.judged += 1;
      if (verdict.outcome === "fail") summary.failures += 1;
      if (verdict.outcome === "unscored") summary.unscored += 1;
      if (verdict.outcome === "error") summary.errors += 1;
      tell();
    }),
    emitter.on("delivery:delivered", () => (summary.delivered += 1)),
  ];
  // A retry that is due later than this is left to the next run.
  const patienceMs = settleMs + options.retryMs * 2 ** options.maxAttempts;
  const giveUpAt = store.now() + FOREIGN_LEASE_MS;
  const { signal } = sharedAbort();
  const judge = createJudge({ ...deps, emitter, onDeliveries: () => {} });
  const converse = createConversationJudge({ ...deps, emitter, onDeliveries: () => {} });
  const deliver = createDeliverer({ ...loop, options, emitter });
  try {
    for (;;) {
      const left = limit - summary.judged;
      const done =
        (left > 0 ? await judge(signal, { most: left }) : 0) + (await converse(signal)) + (await deliver(signal));
      if (onProgress) {
        total = Math.min(limit, summary.judged + (await store.ledgerCounts({ loopId })).waiting);
        tell();
      }
      await loop.history.flush();
      if (done > 0) continue;
      const dues = [left > 0 ? await store.ledgerNextDue({ loopId }) : null, await nextConversationDue(deps)];
      const inMs = Math.min(...dues.map((due) => (due === null ? Infinity : due - store.now())));
      if (inMs <= patienceMs) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(5, inMs)));
        continue;
      }
      // Our own leases are all given back by now: one that is left is a crashed run's, or another worker's.
      const leaseEnd = left > 0 ? await store.leaseNextEnd({ loopId }) : null;
      if (leaseEnd === null || store.now() > giveUpAt) break;
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(50, Math.min(leaseEnd - store.now(), LEASE_POLL_MS))),
      );
    }
    const rules = { store, loopId, emitter, alerts: options.alerts, alertsFrom };
    if (options.learn) await learn({ ...rules, options: options.learn }, { mineNow: true });
    else await evaluateRulesAlone(rules);
    const { throttle: policy } = options;
    const destinations = Object.keys(options.destinations);
    while ((await deliver(signal)) > 0);
    if (policy) await makeDigests({ store, loopId, policy, destinations }, { flush: true });
    while ((await deliver(signal)) > 0);
    return summary;
  } finally {
    for (const off of listening) off();
  }
}
