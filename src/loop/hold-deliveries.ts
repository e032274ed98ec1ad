import { sharedAbort } from "../internal/shared-abort.ts";
import { renewLeases, type HeldLeases } from "../job/renew-leases.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Store } from "../store/store.ts";

export interface HeldDeliveries extends HeldLeases {
  /** Aborts when the process stops, or once another worker has the delivery. */
  signalOf(id: string): AbortSignal;
}

/**
 * Keeps claimed deliveries while they are attempted. What was lost all the same (the process stood still, or the database was
 * away) is called off, so that two workers do not send it.
 */
export function holdDeliveries(
  store: Pick<Store, "deliveryRenew">,
  params: { ids: readonly string[]; leaseToken: string; leaseMs: number; signal: AbortSignal },
): HeldDeliveries {
  const { ids, leaseToken, leaseMs, signal } = params;
  const attempts = new Map(ids.map((id) => [id, sharedAbort()]));
  const stop = (): void => {
    for (const attempt of attempts.values()) attempt.abort(signal.reason);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const leases = renewLeases({
    ids,
    leaseMs,
    async renew(held) {
      const kept = new Set(await store.deliveryRenew({ ids: held, leaseToken, leaseMs }));
      for (const id of held) if (!kept.has(id)) attempts.get(id)?.abort(leaseLost());
    },
  });
  return {
    done: (id) => leases.done(id),
    signalOf: (id) => attempts.get(id)?.signal ?? signal,
    [Symbol.dispose]() {
      signal.removeEventListener("abort", stop);
      leases[Symbol.dispose]();
    },
  };
}

function leaseLost(): LoopsmithError {
  return new LoopsmithError("conflict", "another worker has the delivery", {
    hint: "Nothing to do: that worker carries it out.",
  });
}
