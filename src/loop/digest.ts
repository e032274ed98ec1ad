import {
  isNotifying,
  takeDigest,
  throttle,
  THROTTLE_START,
  type ThrottlePolicy,
  type ThrottleState,
} from "../alert/throttle.ts";
import { endpointOf } from "../destination/endpoint.ts";
import { excerptOf } from "../destination/plain-text.ts";
import { createDelivery, type Delivery } from "../model/delivery.ts";
import { contextSummary } from "../model/failure.ts";
import { stableId } from "../model/id.ts";
import type { Store } from "../store/store.ts";
import { digestAction, isTelling, type TellingAction } from "./digest-action.ts";
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
 * waiting is for, so neither is held; nor is what somebody asked for again.
 */
export function isHeld({ action, context, replayedAt }: Delivery, policy: ThrottlePolicy | null): boolean {
  if (policy === null || !isTelling(action) || !isNotifying(action, policy) || replayedAt !== undefined) return false;
  return context["alert_id"] === undefined && context["digest"] === undefined;
}

/**
 * Makes one message out of what is held for each receiver, once it is due. The digest, its id on each of these, and when the
 * next may come are written together, so that each is told once, by however many workers and whatever happens to them.
 * Returns how many were made.
 *
 * @param flush do not wait for more matches: a finite run has no later. The cooldown and the ceiling hold all the same
 */
export async function makeDigests(deps: DigestDeps, { flush = false }: { flush?: boolean } = {}): Promise<number> {
  const { store, loopId } = deps;
  for (const destination of deps.destinations) {
    await markTold(store, { loopId, destination, key: `throttle/${loopId}/${destination}` });
  }
  let made = 0;
  for (const [key, held] of await heldByReceiver(deps)) if (await makeDigest(deps, key, held, flush)) made += 1;
  return made;
}

interface Held {
  ids: string[];
  /** The newest of them. */
  action: TellingAction;
  state: ThrottleState;
}

/** By the name of the receiver's cursor. */
async function heldByReceiver({ store, loopId, policy, destinations }: DigestDeps): Promise<Map<string, Held>> {
  const byReceiver = new Map<string, Held>();
  for await (const delivery of heldDeliveries(store, loopId)) {
    const { id, action, createdAt } = delivery;
    if (!isTelling(action) || (action.action === "notify" && !destinations.includes(action.destination))) continue;
    const key = `throttle/${loopId}/${receiverOf(action)}`;
    const { ids, state }: Pick<Held, "ids" | "state"> = byReceiver.get(key) ?? { ids: [], state: THROTTLE_START };
    ids.push(id);
    // What is held is told, also where its kind has since been taken out of the policy.
    const notifying = { ...policy, notifying: [action.action] };
    const step = throttle(notifying, state, key, action, { id, at: createdAt, summary: summaryOf(delivery) });
    byReceiver.set(key, { ids, action, state: step.state });
  }
  return byReceiver;
}

/** A webhook's URL can hold a token, which is nothing for a name. */
function receiverOf(action: TellingAction): string {
  return action.action === "notify" ? action.destination : stableId("receiver", endpointOf(action));
}

async function makeDigest(
  { store, loopId, policy }: DigestDeps,
  key: string,
  { ids, action, state: { held } }: Held,
  flush: boolean,
): Promise<boolean> {
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
    deliveries: [
      createDelivery(
        { id: digest.id, loop: loopId, action: digestAction(digest, action), context: { digest: digest.id } },
        now,
      ),
    ],
    cursor: { name: key, value: { state: next as unknown as null } },
  });
}

function summaryOf({ action, context, traceId }: Delivery): string {
  const title = action.action === "notify" ? action.title : undefined;
  return excerptOf(title ?? `${contextSummary(context)}; trace ${traceId}`, MAX_SUMMARY);
}
