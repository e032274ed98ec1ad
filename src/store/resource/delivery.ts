import type { Delivery, DeliveryState } from "../../model/delivery.ts";

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
  /** Writes down what an attempt came to; ignored for a delivery whose lease was lost. */
  deliverySettle(params: {
    results: readonly {
      id: string;
      leaseToken: string;
      state: DeliveryState;
      nextAttemptAt: number;
      lastError: string | null;
      deliveredAt: number | null;
    }[];
  }): Promise<void>;
  /** Makes pending deliveries dead, with the reason; they can be replayed. Returns how many. */
  deliveryRetire(params: { ids: readonly string[]; reason: string }): Promise<number>;
  deliveryList(params: DeliveryFilter & { limit: number; offset?: number }): Promise<Delivery[]>;
  deliveryCounts(params: { loopId?: string }): Promise<{ kind: string; state: DeliveryState; count: number }[]>;
  /** When the next pending delivery is due, or `null`. */
  deliveryNextDue(params: { loopId: string }): Promise<number | null>;
  /**
   * Makes matching dead or suppressed deliveries pending again, with fresh attempts and the same ids; delivered ones only
   * where `states` says so. Returns how many: what is pending is left alone and does not count.
   */
  deliveryReplay(params: DeliveryFilter): Promise<number>;
}
