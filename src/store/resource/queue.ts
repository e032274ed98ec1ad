import type { AnnotationQueue, QueueItem, QueueItemStatus } from "../../model/annotation-queue.ts";
import type { JsonObject } from "../../model/json.ts";

export interface QueueStore {
  queueCreate(params: {
    id?: string;
    name: string;
    description?: string | null;
    settings?: JsonObject;
  }): Promise<AnnotationQueue>;
  /** Finds by name (the oldest) or creates. */
  queueEnsure(params: { name: string }): Promise<AnnotationQueue>;
  queueGet(params: { id: string }): Promise<AnnotationQueue | null>;
  queueList(params: {
    ids?: readonly string[];
    name?: string;
    nameContains?: string;
    limit: number;
    offset: number;
  }): Promise<AnnotationQueue[]>;
  /** The queues that hold a run. */
  queueListOfRun(params: { runId: string }): Promise<AnnotationQueue[]>;
  queueUpdate(params: {
    id: string;
    name?: string;
    description?: string | null;
    settings?: JsonObject;
  }): Promise<AnnotationQueue | null>;
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
  }): Promise<QueueItem[]>;
  queueItemGet(params: { queueId?: string; id: string }): Promise<QueueItem | null>;
  queueItemList(params: {
    queueId: string;
    status?: QueueItemStatus;
    runId?: string;
    limit: number;
    offset: number;
  }): Promise<QueueItem[]>;
  queueItemCount(params: { queueId: string; status?: QueueItemStatus }): Promise<number>;
  queueItemUpdate(params: {
    queueId: string;
    id: string;
    status?: QueueItemStatus;
    details?: JsonObject;
    addedAt?: number;
    lastReviewedAt?: number | null;
  }): Promise<QueueItem | null>;
  /** Leaves a mark, so that no loop puts the run back. */
  queueItemRemove(params: { queueId: string; ids: readonly string[] }): Promise<number>;
}
