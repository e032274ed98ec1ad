import type { AttachmentWrite, FeedbackWrite, SpanWrite } from "../../model/span-write.ts";
import { rejectedItem, type RejectedItem } from "./rejected.ts";

/** What a request wants written. One bad item never loses the others: it stands in `rejected` with the reason. */
export interface IngestBatch {
  spans: SpanWrite[];
  attachments: AttachmentWrite[];
  feedback: FeedbackWrite[];
  rejected: RejectedItem[];
}

/** Bytes taken in before other work gets a turn; with what items cost beside their bytes, some 10 ms of work. */
export const PAUSE_EVERY_BYTES = 1024 * 1024;

export function emptyBatch(): IngestBatch {
  return { spans: [], attachments: [], feedback: [], rejected: [] };
}

/** What was taken in so far, refused or not. */
export function itemsOf({ spans, attachments, feedback, rejected }: IngestBatch): number {
  return spans.length + attachments.length + feedback.length + rejected.length;
}

export function reject(batch: IngestBatch, item: string, id: string, error: unknown): void {
  batch.rejected.push(rejectedItem(item, id, error));
}
