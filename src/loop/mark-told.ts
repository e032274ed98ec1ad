import type { Store } from "../store/store.ts";
import { heldDeliveries } from "./held-deliveries.ts";

/** Stands for the digest of what was told before deliveries said which. */
const UNRECORDED = "unrecorded";

/**
 * A database that is older than the record of digests says in a cursor up to which creation time all was told. Writes that
 * on the deliveries, once, so that none is told again.
 *
 * @param params.key the cursor's name
 */
export async function markTold(
  store: Store,
  { loopId, destination, key }: { loopId: string; destination: string; key: string },
): Promise<void> {
  const { toldTo, ...value } = (await store.cursorGet({ name: key })) ?? {};
  if (typeof toldTo !== "number") return;
  const ids: string[] = [];
  for await (const { id, action, createdAt } of heldDeliveries(store, loopId)) {
    if (createdAt > toldTo) break;
    if (action.action === "notify" && action.destination === destination) ids.push(id);
  }
  await store.deliveryTell({ ids, digestId: UNRECORDED, deliveries: [], cursor: { name: key, value } });
}
