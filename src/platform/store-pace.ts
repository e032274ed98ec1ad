import type { JsonObject } from "../model/json.ts";
import type { Store } from "../store/store.ts";
import type { Pace, UpdatePace } from "./rate-limiter.ts";

/** Keeps the pace of one server in the store, so that all workers on that store keep to it together. */
export function storePace(store: Pick<Store, "cursorUpdate">, server: string): UpdatePace {
  return async (change) =>
    (await store.cursorUpdate({
      name: `pace/${server}`,
      update: (current) => change(current as unknown as Pace | null) as unknown as JsonObject,
    })) as unknown as Pace;
}
