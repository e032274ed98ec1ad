import { mapWithLimit } from "../../internal/map-with-limit.ts";
import type { TraceHead } from "../../model/trace.ts";
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
    const waits = !row || row.state === "settling" || row.state === "deferred" || head.changedAt > row.changedAt;
    if (waits) undone.push(head);
    else if (row.state === "failed") failed.push(head);
  }
  return { undone, failed };
}
