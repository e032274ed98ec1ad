import type { JsonObject } from "../../model/json.ts";

/** An annotation queue. `settings` holds what LangSmith's clients send and expect back (rubric, reviewers, ...). */
export interface QueueRow {
  id: string;
  name: string;
  description: string | null;
  settings: JsonObject;
  createdAt: number;
  updatedAt: number;
}

export type QueueItemStatus = "needs_my_review" | "needs_others_review" | "completed";

export interface QueueItemRow {
  id: string;
  queueId: string;
  runId: string;
  projectId: string | null;
  /** The failure's context, when a loop put the item there. */
  metadata: JsonObject;
  status: QueueItemStatus;
  /** Reservations, reviewers, and the like. */
  details: JsonObject;
  addedAt: number;
  lastReviewedAt: number | null;
}

export interface QueueStore {
  queueCreate(params: {
    id?: string;
    name: string;
    description?: string | null;
    settings?: JsonObject;
  }): Promise<QueueRow>;
  /** Finds by name (the oldest) or creates. */
  queueEnsure(params: { name: string }): Promise<QueueRow>;
  queueGet(params: { id: string }): Promise<QueueRow | null>;
  queueList(params: {
    ids?: readonly string[];
    name?: string;
    nameContains?: string;
    limit: number;
    offset: number;
  }): Promise<QueueRow[]>;
  queueUpdate(params: {
    id: string;
    name?: string;
    description?: string | null;
    settings?: JsonObject;
  }): Promise<QueueRow | null>;
  queueDelete(params: { id: string }): Promise<boolean>;

  /**
   * Adds items; one already in the queue is left as it is. With `unlessRemoved` an item a person took out stays out
   * (what loops use); without, it comes back.
   */
  queueItemAdd(params: {
    queueId: string;
    items: readonly { id?: string; runId: string; projectId?: string | null; metadata?: JsonObject }[];
    unlessRemoved?: boolean;
  }): Promise<QueueItemRow[]>;
  queueItemGet(params: { queueId: string; id: string }): Promise<QueueItemRow | null>;
  queueItemList(params: {
    queueId: string;
    status?: QueueItemStatus;
    runId?: string;
    limit: number;
    offset: number;
  }): Promise<QueueItemRow[]>;
  queueItemCount(params: { queueId: string; status?: QueueItemStatus }): Promise<number>;
  queueItemUpdate(params: {
    queueId: string;
    id: string;
    status?: QueueItemStatus;
    details?: JsonObject;
    addedAt?: number;
    lastReviewedAt?: number | null;
  }): Promise<QueueItemRow | null>;
  /** Leaves a mark, so that no loop puts the run back. */
  queueItemRemove(params: { queueId: string; ids: readonly string[] }): Promise<number>;
}
