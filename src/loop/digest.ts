import {
  digestDueAt,
  digestText,
  takeDigest,
  throttle,
  THROTTLE_START,
  type Digest,
  type ThrottlePolicy,
  type ThrottleState,
} from "../alert/throttle.ts";
import type { Action } from "../model/action.ts";
import { createDelivery, type Delivery } from "../model/delivery.ts";
import { contextSummary } from "../model/failure.ts";
import type { Store } from "../store/store.ts";

export interface DigestDeps {
  store: Store;
  loopId: string;
  policy: ThrottlePolicy;
  /** Names of the loop's destinations. */
  destinations: readonly string[];
}

/** Held notifications read at once; a digest lists a few and counts the rest. */
const MAX_HELD = 10_000;

/**
 * A notification that waits for its digest instead of going out. Alerts have rules of their own, and a digest is what the
 * waiting is for, so neither is held.
 */
export function isHeld(delivery: Delivery, policy: ThrottlePolicy | null): boolean {
  if (policy === null || delivery.action.action !== "notify") return false;
  return delivery.context["alert_id"] === undefined && delivery.context["digest"] === undefined;
}

/**
 * Makes one message out of the notifications held for each destination, once it is due. Which these are is read from the
 * deliveries themselves, and the digest's id is made from the first of them, so that doing it twice makes one digest.
 * Returns how many were made.
 *
 * @param flush make them now, due or not: a finite run has no later
 */
export async function makeDigests(deps: DigestDeps, { flush = false }: { flush?: boolean } = {}): Promise<number> {
  let made = 0;
  for (const destination of deps.destinations) if (await makeDigest(deps, destination, flush)) made += 1;
  return made;
}

async function makeDigest(
  { store, loopId, policy }: DigestDeps,
  destination: string,
  flush: boolean,
): Promise<boolean> {
  const key = `throttle/${loopId}/${destination}`;
  const stored = await store.cursorGet({ name: key });
  const toldTo = typeof stored?.["toldTo"] === "number" ? stored["toldTo"] : 0;
  const suppressed = await store.deliveryList({
    loopId,
    kind: "notify",
    states: ["suppressed"],
    createdFrom: toldTo,
    limit: MAX_HELD,
  });
  const held = suppressed.filter(
    (delivery) =>
      delivery.action.action === "notify" && delivery.action.destination === destination && delivery.createdAt > toldTo,
  );
  if (held.length === 0) return false;
  let state: ThrottleState = {
    ...THROTTLE_START,
    ...(stored?.["state"] as unknown as Partial<ThrottleState> | undefined),
    held: null,
  };
  // Newest first is how deliveries are listed; a digest tells them in order.
  for (const delivery of held.reverse()) {
    const item = { id: delivery.id, at: delivery.createdAt, summary: summaryOf(delivery) };
    state = throttle(policy, state, key, delivery.action, item).state;
  }
  const now = store.now();
  const at = flush ? Math.max(now, digestDueAt(policy, state) ?? now) : now;
  const { digest, state: next } = takeDigest(policy, state, key, at);
  if (!digest) return false;
  await store.deliveryAdd({ deliveries: [toDelivery(digest, destination, loopId, now)] });
  await store.cursorSet({
    name: key,
    value: { state: next as unknown as null, toldTo: held.at(-1)?.createdAt ?? now },
  });
  return true;
}

function summaryOf({ action, context, traceId }: Delivery): string {
  const title = action.action === "notify" ? action.title : undefined;
  return title ?? `${contextSummary(context)}; trace ${traceId}`;
}

function toDelivery(digest: Digest, destination: string, loopId: string, now: number): Delivery {
  const title = digest.count === 1 ? "1 failure" : `${digest.count} failures`;
  const data = { count: digest.count, from: digest.from, to: digest.to };
  const action: Action = { action: "notify", destination, title, text: digestText(digest), data };
  return createDelivery({ id: digest.id, loop: loopId, action, context: { digest: digest.id } }, now);
}
