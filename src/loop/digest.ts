import {
  digestText,
  takeDigest,
  throttle,
  THROTTLE_START,
  type Digest,
  type ThrottlePolicy,
  type ThrottleState,
} from "../alert/throttle.ts";
import { excerptOf } from "../destination/plain-text.ts";
import type { Action } from "../model/action.ts";
import { createDelivery, type Delivery } from "../model/delivery.ts";
import { contextSummary } from "../model/failure.ts";
import type { Store } from "../store/store.ts";
import { heldDeliveries } from "./held-deliveries.ts";
import { markTold } from "./mark-told.ts";

export interface DigestDeps {
  store: Store;
  loopId: string;
  policy: ThrottlePolicy;
  /** Names of the loop's destinations. */
  destinations: readonly string[];
}

/** Characters of one line of a digest, so that ten fit into one message. */
const MAX_SUMMARY = 300;

/**
 * A notification that waits for its digest instead of going out. Alerts have rules of their own, and a digest is what the
 * waiting is for, so neither is held.
 */
export function isHeld(delivery: Delivery, policy: ThrottlePolicy | null): boolean {
  if (policy === null || delivery.action.action !== "notify") return false;
  return delivery.context["alert_id"] === undefined && delivery.context["digest"] === undefined;
}

/**
 * Makes one message out of the notifications held for each destination, once it is due. The digest, its id on each of these,
 * and when the next may come are written together, so that each is told once, by however many workers and whatever happens
 * to them. Returns how many were made.
 *
 * @param flush do not wait for more matches: a finite run has no later. The cooldown and the ceiling hold all the same
 */
export async function makeDigests(deps: DigestDeps, { flush = false }: { flush?: boolean } = {}): Promise<number> {
  const { store, loopId } = deps;
  for (const destination of deps.destinations) {
    await markTold(store, { loopId, destination, key: cursorOf(loopId, destination) });
  }
  let made = 0;
  for (const [destination, held] of await heldByDestination(deps)) {
    if (await makeDigest(deps, destination, held, flush)) made += 1;
  }
  return made;
}

interface Held {
  ids: string[];
  state: ThrottleState;
}

async function heldByDestination({ store, loopId, policy, destinations }: DigestDeps): Promise<Map<string, Held>> {
  const byDestination = new Map<string, Held>();
  for await (const delivery of heldDeliveries(store, loopId)) {
    const { id, action, createdAt } = delivery;
    if (action.action !== "notify" || !destinations.includes(action.destination)) continue;
    const held = byDestination.get(action.destination) ?? { ids: [], state: THROTTLE_START };
    const item = { id, at: createdAt, summary: summaryOf(delivery) };
    held.ids.push(id);
    held.state = throttle(policy, held.state, cursorOf(loopId, action.destination), action, item).state;
    byDestination.set(action.destination, held);
  }
  return byDestination;
}

async function makeDigest(
  { store, loopId, policy }: DigestDeps,
  destination: string,
  { ids, state: { held } }: Held,
  flush: boolean,
): Promise<boolean> {
  const key = cursorOf(loopId, destination);
  // Read after what is held: whoever told anything in between is noticed when this is written.
  const stored = await store.cursorGet({ name: key });
  const now = store.now();
  const last: ThrottleState = {
    ...THROTTLE_START,
    ...(stored?.["state"] as unknown as Partial<ThrottleState> | undefined),
  };
  // What is told to come was written by an earlier version; it would hold everything until then.
  const sentAt = last.sentAt !== null && last.sentAt > now ? null : last.sentAt;
  const waiting = flush ? { ...policy, digestMs: 0 } : policy;
  const { digest, state: next } = takeDigest(waiting, { ...last, sentAt, held }, key, now);
  if (!digest) return false;
  return store.deliveryTell({
    ids,
    digestId: digest.id,
    deliveries: [toDelivery(digest, destination, loopId, now)],
    cursor: { name: key, value: { state: next as unknown as null } },
  });
}

function cursorOf(loopId: string, destination: string): string {
  return `throttle/${loopId}/${destination}`;
}

function summaryOf({ action, context, traceId }: Delivery): string {
  const title = action.action === "notify" ? action.title : undefined;
  return excerptOf(title ?? `${contextSummary(context)}; trace ${traceId}`, MAX_SUMMARY);
}

function toDelivery(digest: Digest, destination: string, loopId: string, now: number): Delivery {
  const title = digest.count === 1 ? "1 failure" : `${digest.count} failures`;
  const data = { count: digest.count, from: digest.from, to: digest.to };
  const action: Action = { action: "notify", destination, title, text: digestText(digest), data };
  return createDelivery({ id: digest.id, loop: loopId, action, context: { digest: digest.id } }, now);
}
