import type { ActionKind } from "../model/action.ts";
import type { Delivery, DeliveryState } from "../model/delivery.ts";
import type { DeliveryFilter } from "../store/resource/delivery.ts";
import type { Store } from "../store/store.ts";
import { resolveSince } from "./window.ts";

/** Which deliveries are meant: those that meet all of it. */
export interface DeliverySelection {
  /** @default all */
  ids?: readonly string[];
  /** What they do. @default all */
  kind?: ActionKind;
  /** The trace they are about. @default all */
  traceId?: string;
  /** Queued at this time or later: a length back (`"7d"`), a date, or epoch ms. @default the first */
  since?: string | number | Date;
  /** Queued before this time, in the same forms. @default now */
  until?: string | number | Date;
}

export interface DeliveriesOptions extends DeliverySelection {
  /** @default all */
  states?: readonly DeliveryState[];
  /** Deliveries returned at most. @default 100 */
  limit?: number;
  /** Newest deliveries to leave out, for the next page. @default 0 */
  offset?: number;
}

export interface ReplayOptions extends DeliverySelection {
  /** What is pending is on its way already. @default ["dead"], and ["dead", "suppressed"] with `ids` */
  states?: readonly Exclude<DeliveryState, "pending">[];
}

/** @throws LoopsmithError `invalid` for a time that is none */
export async function loopDeliveries(
  store: Store,
  loopId: string,
  { limit = 100, offset = 0, ...selection }: DeliveriesOptions = {},
): Promise<Delivery[]> {
  return store.deliveryList({ ...deliveryFilter(selection, store.now()), loopId, limit, offset });
}

/** Returns how many wait for the loop again. @throws LoopsmithError `invalid` for a time that is none */
export async function replayDeliveries(store: Store, loopId: string, selection: ReplayOptions = {}): Promise<number> {
  return store.deliveryReplay({ ...deliveryFilter(selection, store.now()), loopId });
}

function deliveryFilter(
  { since, until, ...same }: Omit<DeliveriesOptions, "limit" | "offset">,
  now: number,
): DeliveryFilter {
  return {
    ...same,
    ...(since !== undefined && { createdFrom: resolveSince(since, now) }),
    ...(until !== undefined && { createdTo: resolveSince(until, now) }),
  };
}
