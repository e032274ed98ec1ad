import { mapWithLimit } from "../../internal/map-with-limit.ts";
import { newId } from "../../model/id.ts";
import { conversationLedger } from "./enrol-conversation.ts";
import { handOver } from "./give-back.ts";
import { holdLeases } from "./hold-leases.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import type { RoundOptions } from "./judge-due.ts";
import { judgeThread, type ConversationDeps } from "./judge-thread.ts";
import { createRecorder } from "./recorder.ts";
import { writeDown } from "./write-down.ts";

const BATCH = 20;
const LEASE_MS = 30_000;

/** When the next thread is due for any of the evaluators, or `null`. */
export async function nextConversationDue({
  store,
  loopId,
  options,
}: Pick<JudgeDeps, "store" | "loopId" | "options">): Promise<number | null> {
  const due = await Promise.all(
    options.conversations.map((evaluator) => store.ledgerNextDue({ loopId: conversationLedger(loopId, evaluator) })),
  );
  return due.reduce((least, at) => (at !== null && (least === null || at < least) ? at : least), null);
}

/** One round over the threads that have gone idle: reads, evaluates, decides and records them. Returns how many there were. */
export function createConversationJudge(
  deps: ConversationDeps,
): (signal: AbortSignal, options?: Pick<RoundOptions, "stopping">) => Promise<number> {
  const { store, loopId, options } = deps;
  const record = createRecorder(store);
  return async (signal, { stopping } = {}) => {
    let judged = 0;
    const problems: unknown[] = [];
    for (const evaluator of options.conversations) {
      if (stopping?.aborted) break;
      const ledger = conversationLedger(loopId, evaluator);
      const leaseToken = newId();
      const claims = await store.ledgerClaim({ loopId: ledger, limit: BATCH, leaseMs: LEASE_MS, leaseToken });
      if (claims.length === 0) continue;
      const traceIds = claims.map(({ traceId }) => traceId);
      using leases = holdLeases(store, { loopId: ledger, traceIds, leaseToken, leaseMs: LEASE_MS });
      await mapWithLimit(claims, options.concurrency, async (claim) => {
        try {
          if (stopping?.aborted) return await handOver(deps, claim);
          const ready = await judgeThread(deps, evaluator, claim, signal);
          if (ready) await writeDown(deps, (one) => record(one, signal), ready);
        } catch (error) {
          // Kept, so that it costs no other thread its turn.
          problems.push(error);
        } finally {
          leases.done(claim.traceId);
        }
      });
      judged += claims.length;
    }
    if (problems.length > 0) throw problems[0];
    return judged;
  };
}
