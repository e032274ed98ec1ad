import { newId, stableId } from "../../src/model/id.ts";
import type { LedgerClaim } from "../../src/store/resource/ledger.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import type { Store } from "../../src/store/store.ts";

const BATCH = 2_000;

/** Claims what is due and records a passing verdict for each, through the same leases, fence and transaction as a loop. */
export async function recordClaims(store: Store, loopId: string, seen: (traceId: string) => void): Promise<number> {
  const leaseToken = newId();
  const claims = await store.ledgerClaim({ loopId, limit: BATCH, leaseMs: 60_000, leaseToken });
  if (claims.length === 0) return 0;
  const records = claims.map((claim) => ({ verdict: verdictOf(claim, store.now()), leaseToken, deliveries: [] }));
  const recorded = await store.verdictRecord({ records });
  for (const { verdict } of records) if (recorded.has(verdict.id)) seen(verdict.traceId);
  return claims.length;
}

function verdictOf({ loopId, traceId, revision, traceStartAt }: LedgerClaim, now: number): Verdict {
  return {
    id: stableId("verdict", loopId, traceId, revision),
    loopId,
    traceId,
    revision,
    outcome: "pass",
    key: null,
    score: null,
    threshold: null,
    comment: null,
    scores: [],
    attribution: null,
    features: {},
    cluster: null,
    traceStartAt,
    decidedAt: now,
  };
}
