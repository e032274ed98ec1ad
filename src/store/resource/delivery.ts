import type { Delivery, DeliveryState } from "../../model/delivery.ts";
import type { JsonObject } from "../../model/json.ts";

export interface DeliveryClaim extends Delivery {
  leaseToken: string;
}

export interface DeliveryFilter {
  loopId?: string;
  ids?: readonly string[];
  states?: readonly DeliveryState[];
  /** Action kind. */
  kind?: string;
  traceId?: string;
  /** Epoch ms. */
  createdFrom?: number;
  /** Epoch ms; those created then are left out. */
  createdTo?: number;
}

export interface DeliveryStore {
  /** Queues deliveries; one whose id is known keeps its state. */
  deliveryAdd(params: { deliveries: readonly Delivery[] }): Promise<void>;
  /** Hands out due pending deliveries whose lease is free, oldest due first. */
  deliveryClaim(params: {
    loopId: string;
    limit: number;
    leaseMs: number;
    leaseToken: string;
  }): Promise<DeliveryClaim[]>;
  /** Keeps claimed deliveries for `leaseMs` more; those whose lease was lost are left alone. Returns the ids that were kept. */
  deliveryRenew(params: { ids: readonly string[]; leaseMs: number; leaseToken: string }): Promise<string[]>;
  /** Writes down what an attempt came to; ignored for a delivery whose lease was lost. Returns how many were written. */
  deliverySettle(params: {
    results: readonly {
      id: string;
      leaseToken: string;
      state: DeliveryState;
      nextAttemptAt: number;
      lastError: string | null;
      deliveredAt: number | null;
    }[];
  }): Promise<number>;
  /** Makes pending deliveries that nobody attempts just now dead, with the reason; they can be replayed. Returns how many. */
  deliveryRetire(params: { ids: readonly string[]; reason: string }): Promise<number>;
  /** Suppressed deliveries that no digest tells yet, oldest first, from behind `after` on. */
  deliveryHeld(params: {
    loopId: string;
    after?: Pick<Delivery, "createdAt" | "id">;
    limit: number;
  }): Promise<Delivery[]>;
  /**
   * Writes the digest that tells of held deliveries on each of them, queues what tells it, and saves the cursor, in one
   * transaction. Returns `false`, with nothing changed, when one of them has been told or replayed meanwhile.
   */
  deliveryTell(params: {
    ids: readonly string[];
    digestId: string;
    deliveries: readonly Delivery[];
    cursor: { name: string; value: JsonObject };
  }): Promise<boolean>;
  deliveryList(params: DeliveryFilter & { limit: number; offset?: number }): Promise<Delivery[]>;
  deliveryCounts(params: { loopId?: string }): Promise<{ kind: string; state: DeliveryState; count: number }[]>;
  /** When the next pending delivery is due, or `null`. */
  deliveryNextDue(params: { loopId: string }): Promise<number | null>;
  /**
   * Makes matching deliveries pending again, with fresh attempts and the same ids. Without `states` these are the dead ones,
   * and with `ids` the suppressed ones too; delivered ones only where `states` says so. Returns how many: what is pending is
   * left alone and does not count.
   */
  deliveryReplay(params: DeliveryFilter): Promise<number>;
}
