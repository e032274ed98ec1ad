import { newId } from "../../src/model/id.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import type { Store } from "../../src/store/store.ts";

/** Records verdicts the way a loop does: enrolled, claimed, written behind the lease. Revisions of one trace one call each. */
export async function recordVerdicts(store: Store, verdicts: readonly Verdict[]): Promise<void> {
  const [first] = verdicts;
  if (first === undefined) return;
  const { loopId } = first;
  const heads = verdicts.map(({ traceId, traceStartAt, revision }) => ({
    traceId,
    startAt: traceStartAt,
    rootEndAt: traceStartAt,
    changedAt: traceStartAt + revision,
    dueAt: 0,
  }));
  await store.ledgerEnrol({ loopId, heads });
  const leaseToken = newId();
  const traceIds = verdicts.map(({ traceId }) => traceId);
  await store.ledgerClaim({ loopId, limit: traceIds.length, leaseMs: 60_000, leaseToken, traceIds });
  const recorded = await store.verdictRecord({
    records: verdicts.map((verdict) => ({ verdict, leaseToken, deliveries: [] })),
  });
  if (recorded.size !== verdicts.length) throw new Error(`${recorded.size} of ${verdicts.length} verdicts recorded`);
}
