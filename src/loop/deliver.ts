import { customDestination } from "../destination/custom.ts";
import type { Destination, SecretLookup } from "../destination/destination.ts";
import { endpointOf } from "../destination/endpoint.ts";
import { nextAttempt } from "../destination/schedule.ts";
import { unsealAction } from "../destination/secret.ts";
import { webhookDestination } from "../destination/webhook.ts";
import { mapWithLimit } from "../internal/map-with-limit.ts";
import type { Action } from "../model/action.ts";
import type { DeliveryOutcome } from "../model/delivery.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { newId } from "../model/id.ts";
import type { Platform } from "../platform/platform.ts";
import type { DeliveryClaim } from "../store/resource/delivery.ts";
import type { Store } from "../store/store.ts";
import { isHeld } from "./digest.ts";
import type { LoopEmitter } from "./events.ts";
import { holdDeliveries } from "./hold-deliveries.ts";
import type { LoopTracing } from "./loop-tracing.ts";
import type { ResolvedLoopOptions } from "./options.ts";
import { platformDestination } from "./platform-destination.ts";

export interface DeliverDeps {
  store: Store;
  platform: Platform;
  loopId: string;
  options: ResolvedLoopOptions;
  tracing: LoopTracing;
  emitter: LoopEmitter;
}

const BATCH = 50;
const MAX_RETIRED = 10_000;
/** All of a batch at once: a round is as long as its slowest attempt. */
const CONCURRENCY = BATCH;
/** Renewed while deliveries are attempted, so it only says how long those of a crashed worker wait. */
const LEASE_MS = 30_000;

/** One round of deliveries: claims what is due, attempts each, writes down what came of it. Returns how many there were. */
export function createDeliverer(deps: DeliverDeps): (signal: AbortSignal) => Promise<number> {
  const { store, options, emitter } = deps;
  const find = destinationsOf(deps);
  const unseal = unsealing(deps);
  const secrets: SecretLookup = (name) => (Object.hasOwn(options.secrets, name) ? options.secrets[name] : undefined);

  async function hold({ id, leaseToken }: DeliveryClaim): Promise<void> {
    const held = {
      state: "suppressed",
      nextAttemptAt: store.now(),
      lastError: "held for the next digest",
      deliveredAt: null,
    } as const;
    await store.deliverySettle({ results: [{ id, leaseToken, ...held }] });
  }

  /**
   * The receiver wants nothing more: what waits for it stops too, visibly, and can be replayed when it is back. What is under
   * way hears for itself.
   */
  async function retireOthers(delivery: DeliveryClaim, reason: string): Promise<void> {
    const endpoint = endpointOf(delivery.action);
    const kind = delivery.action.action;
    const pending = await store.deliveryList({ loopId: deps.loopId, kind, states: ["pending"], limit: MAX_RETIRED });
    const ids = pending.filter((other) => endpointOf(other.action) === endpoint).map((other) => other.id);
    await store.deliveryRetire({ ids, reason });
  }

  async function attempt(delivery: DeliveryClaim, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (isHeld(delivery, options.throttle)) return hold(delivery);
    let outcome: DeliveryOutcome;
    try {
      const action = await unseal(delivery.action);
      outcome = await deps.tracing.deliver(delivery, () =>
        find(action).deliver({ ...delivery, action }, { now: () => store.now(), signal, secrets }),
      );
    } catch (error) {
      // Not an attempt: the delivery is made after the restart, once there is space again, or by whoever has it now.
      if (signal.aborted) return;
      if (LoopsmithError.isInstance(error) && error.code === "storage_full") throw error;
      outcome = { status: "retry", reason: errorMessage(error) };
    }
    const attempts = delivery.attempts + 1;
    const now = store.now();
    const next = nextAttempt(attempts, outcome, now, options.random);
    const state = outcome.status === "delivered" ? "delivered" : next === null ? "dead" : "pending";
    const lastError = outcome.status === "delivered" ? null : outcome.reason;
    const deliveredAt = state === "delivered" ? now : null;
    const nextAttemptAt = next ?? now;
    const written = await store.deliverySettle({
      results: [{ id: delivery.id, leaseToken: delivery.leaseToken, state, nextAttemptAt, lastError, deliveredAt }],
    });
    // Whoever has the lease says what came of it.
    if (written === 0) return;
    if (outcome.status === "dead" && outcome.disable) await retireOthers(delivery, outcome.reason);
    const { leaseToken: _leaseToken, ...plain } = delivery;
    const settled = { ...plain, state, attempts, nextAttemptAt, lastError, deliveredAt } as const;
    const reason = lastError ?? "";
    if (state === "delivered") emitter.emit("delivery:delivered", { delivery: settled });
    else if (state === "dead") emitter.emit("delivery:dead", { delivery: settled, reason });
    else emitter.emit("delivery:failed", { delivery: settled, reason, nextAttemptAt });
  }

  return async (signal) => {
    const lease = { leaseMs: LEASE_MS, leaseToken: newId() };
    const claims = await store.deliveryClaim({ loopId: deps.loopId, limit: BATCH, ...lease });
    if (claims.length === 0) return 0;
    using held = holdDeliveries(store, { ids: claims.map(({ id }) => id), ...lease, signal });
    const problems: unknown[] = [];
    await mapWithLimit(claims, CONCURRENCY, async (claim) => {
      try {
        await attempt(claim, held.signalOf(claim.id));
      } catch (error) {
        problems.push(error);
      } finally {
        held.done(claim.id);
      }
    });
    // The deliveries concerned come back when their leases run out.
    if (problems.length > 0) throw problems[0];
    return claims.length;
  };
}

/** The destination of an action. What carries out `custom` is the handler in the user's own code. */
function destinationsOf({ platform, options }: DeliverDeps): (action: Action) => Destination {
  const onPlatform = platformDestination(platform);
  const webhooks = webhookDestination({ allowPrivateNetworks: options.allowPrivateNetworks });
  const handlers = customDestination(options.actions);
  return (action) => {
    if (action.action === "webhook") return webhooks;
    if (action.action === "custom") return handlers;
    if (action.action !== "notify") return onPlatform;
    const destination = options.destinations[action.destination];
    if (destination) return destination;
    throw new LoopsmithError("invalid", `this loop has no destination "${action.destination}"`, {
      hint: "Add it to the loop's `destinations` again, then replay the delivery.",
    });
  };
}

/** What an action was before its secrets were taken out: they were sealed into the store when the verdict was made. */
function unsealing({ store }: DeliverDeps): (action: Action) => Promise<Action> {
  const known = new Map<string, string>();
  return (action) =>
    unsealAction(action, async (name) => {
      const value = known.get(name) ?? (await store.secretGet({ name }));
      if (value !== null) known.set(name, value);
      return value;
    });
}
