import { LoopsmithError } from "../model/errors.ts";
import type { Attribution } from "../model/failure.ts";
import type { Score } from "../model/score.ts";
import type { Store } from "../store/store.ts";

/** What a failing trace is blamed on. */
export interface BlamedTrace {
  traceId: string;
  attribution: Attribution | null;
  /** Label of the kind of reason, where it is one of those known. */
  reason: string | null;
  scores: Score[];
}

/** @throws LoopsmithError `not_found` when the loop has no failing verdict on the trace */
export async function readCulprit(store: Store, loopId: string, traceId: string): Promise<BlamedTrace> {
  const [verdict] = await store.verdictList({ loopId, traceIds: [traceId], limit: 1 });
  if (!verdict || verdict.outcome !== "fail") throw notFailing(traceId);
  const { attribution, scores, features } = verdict;
  const reason = typeof features["reason"] === "string" ? features["reason"] : null;
  return { traceId, attribution, reason, scores };
}

export function notFailing(traceId: string): LoopsmithError {
  return new LoopsmithError("not_found", `the trace ${traceId} has no failing verdict in this loop`, {
    hint: "`loopsmith status --trace` says where it stands.",
  });
}
