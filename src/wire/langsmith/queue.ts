import { toIsoTime } from "../../internal/iso-time.ts";
import type { AnnotationQueue, QueueItem } from "../../model/annotation-queue.ts";
import type { JsonObject } from "../../model/json.ts";
import { TENANT_ID } from "./tenant.ts";

/** Settings of a queue that clients may send, with what stands for "not sent". */
export const QUEUE_SETTINGS = {
  default_dataset: null,
  enable_reservations: true,
  metadata: null,
  num_reviewers_per_item: 1,
  reservation_minutes: 1,
  reviewer_access_mode: "any",
  rubric_instructions: null,
  rubric_items: null,
  source_rule_id: null,
  run_rule_id: null,
  assigned_reviewers: [],
} as const satisfies JsonObject;

/** A queue as LangSmith lists it; the rubric only comes with a single queue that is read. */
export function queueJson(queue: AnnotationQueue): Record<string, unknown> {
  const { rubric_instructions: _instructions, rubric_items: _items, ...queueFields } = queueDetailsJson(queue);
  return queueFields;
}

/** A queue as LangSmith writes it when it is read, rubric included. */
export function queueDetailsJson(queue: AnnotationQueue): Record<string, unknown> {
  return {
    id: queue.id,
    tenant_id: TENANT_ID,
    name: queue.name,
    description: queue.description,
    queue_type: "single",
    ...QUEUE_SETTINGS,
    ...queue.settings,
    created_at: toIsoTime(queue.createdAt),
    updated_at: toIsoTime(queue.updatedAt),
  };
}

/** What a queue's run carries beside the run itself (v1). */
export function queueInfoJson(item: QueueItem, now: number): Record<string, unknown> {
  return {
    queue_run_id: item.id,
    added_at: toIsoTime(item.addedAt),
    effective_added_at: toIsoTime(item.addedAt),
    last_reviewed_time: item.lastReviewedAt === null ? null : toIsoTime(item.lastReviewedAt),
    completed_by: stringsOf(item.details["completed_by"]),
    reserved_by: reservedBy(item, now),
    source_proposed_example_id: item.details["source_proposed_example_id"] ?? null,
    // Ours: why the loop put the run here.
    queue_metadata: item.metadata,
  };
}

/** The answer to adding runs by the v1 routes. */
export function queueRunJson(item: QueueItem): Record<string, unknown> {
  return {
    id: item.id,
    queue_id: item.queueId,
    run_id: item.runId,
    added_at: toIsoTime(item.addedAt),
    last_reviewed_time: item.lastReviewedAt === null ? null : toIsoTime(item.lastReviewedAt),
    source_proposed_example_id: item.details["source_proposed_example_id"] ?? null,
  };
}

/** An item as the items API writes it, with the metadata LangSmith's own has no place for. */
export function queueItemJson(item: QueueItem, now: number): Record<string, unknown> {
  return {
    id: item.id,
    queue_id: item.queueId,
    item_type: "RUN",
    run_id: item.runId,
    project_id: item.projectId,
    start_time: item.details["start_time"],
    added_at: toIsoTime(item.addedAt),
    effective_added_at: toIsoTime(item.addedAt),
    ...(item.lastReviewedAt === null ? {} : { last_reviewed_time: toIsoTime(item.lastReviewedAt) }),
    completed_by: stringsOf(item.details["completed_by"]),
    reserved_by: reservedBy(item, now),
    source_proposed_example_id: item.details["source_proposed_example_id"],
    metadata: item.metadata,
  };
}

export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

/** Who has an item open, and until when (epoch ms). */
export interface Reservation {
  by: string;
  until: number;
}

export function reservationsOf(details: JsonObject): Reservation[] {
  const list = details["reservations"];
  return Array.isArray(list) ? (list as unknown as Reservation[]) : [];
}

function reservedBy(item: QueueItem, now: number): string[] {
  return reservationsOf(item.details).flatMap(({ by, until }) => (until > now ? [by] : []));
}
