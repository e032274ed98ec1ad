import type { Store } from "../../store/store.ts";

export interface HeldLeases extends Disposable {
  /** Stops renewing the lease of a trace that is done. */
  done(traceId: string): void;
}

/**
 * Renews the leases of claimed traces while they are judged, so that a lease can be short (a crash makes traces wait no
 * longer than one) and an evaluator slow. A renewal that fails is not an error: the fence decides.
 */
export function holdLeases(
  store: Pick<Store, "ledgerRenew">,
  params: { loopId: string; traceIds: readonly string[]; leaseToken: string; leaseMs: number },
): HeldLeases {
  const held = new Set(params.traceIds);
  const timer = setInterval(() => {
    void store.ledgerRenew({ ...params, traceIds: [...held] }).catch(() => undefined);
  }, params.leaseMs / 3);
  timer.unref();
  return {
    done: (traceId) => void held.delete(traceId),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
