import type { AnnotationQueue, QueueItem, QueueItemStatus } from "../../model/annotation-queue.ts";
import type { JsonObject } from "../../model/json.ts";

export type QueueRow = AnnotationQueue;
export type QueueItemRow = QueueItem;
export type { QueueItemStatus } from "../../model/annotation-queue.ts";

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
  /** The queues that hold a run. */
  queueListOfRun(params: { runId: string }): Promise<QueueRow[]>;
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
    items: readonly {
      id?: string;
      runId: string;
      projectId?: string | null;
      metadata?: JsonObject;
      details?: JsonObject;
    }[];
    unlessRemoved?: boolean;
  }): Promise<QueueItemRow[]>;
  queueItemGet(params: { queueId?: string; id: string }): Promise<QueueItemRow | null>;
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
