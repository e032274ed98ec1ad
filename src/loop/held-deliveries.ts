import type { Delivery } from "../model/delivery.ts";
import type { Store } from "../store/store.ts";

const PAGE = 1_000;

/** Every notification of a loop that is held and that no digest tells yet, oldest first. */
export async function* heldDeliveries(store: Pick<Store, "deliveryHeld">, loopId: string): AsyncGenerator<Delivery> {
  for (let after: Delivery | undefined; ;) {
    const page = await store.deliveryHeld({ loopId, limit: PAGE, ...(after && { after }) });
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}
