import type { JsonObject } from "./json.ts";

/** An annotation queue. `settings` holds what LangSmith's clients send and expect back (rubric, reviewers, ...). */
export interface AnnotationQueue {
  id: string;
  name: string;
  description: string | null;
  settings: JsonObject;
  createdAt: number;
  updatedAt: number;
}

export type QueueItemStatus = "needs_my_review" | "needs_others_review" | "completed";

export interface QueueItem {
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
