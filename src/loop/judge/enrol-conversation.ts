import type { ConversationEvaluator } from "../../evaluator/conversation.ts";
import { stableId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Trace, TraceHead } from "../../model/trace.ts";
import type { Store } from "../../store/store.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import { isAlwaysJudged, isSampled } from "./sample.ts";

/**
 * Puts a trace's thread on the list of every conversation evaluator, due once it has been idle for that evaluator's time,
 * whether the trace itself is judged or sampled out. Must come before the trace is done with: a crash in between repeats
 * it, and none loses the thread. Threads are sampled as wholes, by the hash of their id; those with a trace that is judged
 * whatever the rate are judged as well.
 *
 * Each evaluator has a ledger of its own, whose entries are threads; it has the same leases, revisions and retries as
 * that of traces.
 */
export async function enrolConversation(
  { store, loopId, options }: Pick<JudgeDeps, "store" | "loopId" | "options">,
  trace: Trace,
): Promise<void> {
  const { threadId, root } = trace;
  if (threadId === null || options.conversations.length === 0) return;
  const { rate, always } = options.sample;
  const isIn = isSampled(threadId, rate) || isAlwaysJudged(trace, always);
  // A later trace of a thread that is left out may be one that is always judged, and the thread with it.
  if (!isIn && !always) return;
  const now = store.now();
  const endAt = root.endAt ?? now;
  for (const evaluator of isIn ? options.conversations : []) {
    // Traces of one thread that are judged one after the other, as in a backfill, are waited for too.
    const dueAt = Math.max(endAt + evaluator.idleMs, now + Math.min(evaluator.idleMs, options.settleMs));
    const head = { traceId: threadId, startAt: root.startAt, rootEndAt: endAt, changedAt: now, dueAt };
    await store.ledgerEnrol({ loopId: conversationLedger(loopId, evaluator), heads: [head] });
  }
  const most = Math.max(...options.conversations.map(({ maxTraces }) => maxTraces));
  const head: TraceHead = { traceId: trace.id, startAt: root.startAt, rootEndAt: root.endAt, changedAt: endAt };
  await store.cursorUpdate({
    name: threadName(loopId, threadId),
    update: (current) => {
      const others = headsOf(current).filter(({ traceId }) => traceId !== trace.id);
      const heads = [...others, head].sort((a, b) => a.startAt - b.startAt).slice(-most);
      return { heads: heads as unknown as JsonObject[] };
    },
  });
}

/** The ledger of one evaluator, by the id that stands for a loop's in the store. */
export function conversationLedger(loopId: string, { name, version }: ConversationEvaluator): string {
  return stableId("conversations", loopId, name, version);
}

/** The traces of a thread that were enrolled, oldest first; the newest of them where there are more than anybody looks at. */
export async function threadHeads(store: Store, loopId: string, threadId: string): Promise<TraceHead[]> {
  return headsOf(await store.cursorGet({ name: threadName(loopId, threadId) }));
}

// --- internal ---

function threadName(loopId: string, threadId: string): string {
  return `thread/${loopId}/${threadId}`;
}

function headsOf(value: JsonObject | null): TraceHead[] {
  return ((value?.["heads"] as unknown) ?? []) as TraceHead[];
}
