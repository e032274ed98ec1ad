import { renewLeases, type HeldLeases } from "../../job/renew-leases.ts";
import type { Store } from "../../store/store.ts";

/** Keeps claimed traces while they are judged. */
export function holdLeases(
  store: Pick<Store, "ledgerRenew">,
  params: { loopId: string; traceIds: readonly string[]; leaseToken: string; leaseMs: number },
): HeldLeases {
  const renew = (traceIds: readonly string[]): Promise<number> => store.ledgerRenew({ ...params, traceIds });
  return renewLeases({ ids: params.traceIds, leaseMs: params.leaseMs, renew });
}
