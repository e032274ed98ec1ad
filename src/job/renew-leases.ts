export interface HeldLeases extends Disposable {
  /** Stops renewing the lease of one that is done. */
  done(id: string): void;
}

/**
 * Renews the leases of what is claimed while it is worked on, three times a lease, so that a lease can be short (what a
 * crashed worker held waits no longer than one) and the work slow. A renewal that fails is not an error: the fence decides.
 *
 * @param params.leaseMs how long a lease lasts
 */
export function renewLeases(params: {
  ids: readonly string[];
  leaseMs: number;
  renew: (ids: readonly string[]) => Promise<unknown>;
}): HeldLeases {
  const held = new Set(params.ids);
  const timer = setInterval(() => {
    if (held.size > 0) void params.renew([...held]).catch(() => undefined);
  }, params.leaseMs / 3);
  timer.unref();
  return {
    done: (id) => void held.delete(id),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
