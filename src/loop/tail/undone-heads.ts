import { mapWithLimit } from "../../internal/map-with-limit.ts";
import type { TraceHead } from "../../model/trace.ts";
import type { LedgerRow } from "../../store/resource/ledger.ts";
import type { Store } from "../../store/store.ts";

const LOOKUPS = 16;

/**
 * Those that the loop has not finished with: `undone` are unknown to its ledger, still waiting there, or changed since; `failed`
 * are those whose evaluators failed until their attempts were used up. In the same order.
 */
export async function undoneHeads(
  store: Store,
  loopId: string,
  heads: readonly TraceHead[],
): Promise<{ undone: TraceHead[]; failed: TraceHead[] }> {
  const rows = await mapWithLimit(heads, LOOKUPS, ({ traceId }) => store.ledgerGet({ loopId, traceId }));
  const undone: TraceHead[] = [];
  const failed: TraceHead[] = [];
  for (const [index, head] of heads.entries()) {
    const row = rows[index];
    const waits = !row || row.state === "settling" || row.state === "deferred" || isNews(head, row);
    if (waits) undone.push(head);
    else if (row.state === "failed") failed.push(head);
  }
  return { undone, failed };
}

/** What `ledgerEnrol` goes by; see `ledgerNews`, which says it in SQL. */
function isNews({ changedAt, rootEndAt, clock = "store" }: TraceHead, row: LedgerRow): boolean {
  if (row.rootEndAt === null && rootEndAt !== null) return true;
  if (row.clock === null || row.clock === clock) return changedAt > row.changedAt;
  if (clock === "store") return changedAt > row.updatedAt;
  return rootEndAt !== null && row.rootEndAt !== null && rootEndAt > row.rootEndAt + 1;
}

/** Whether a trace still runs, and so waits: it is judged once its root has ended, or has been open for too long. */
export function isOpen(head: TraceHead, { maxOpenMs }: { maxOpenMs: number }, now: number): boolean {
  return head.rootEndAt === null && head.startAt + maxOpenMs > now;
}
