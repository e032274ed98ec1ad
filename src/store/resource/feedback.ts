import type { Json } from "../../model/json.ts";
import type { FeedbackWrite } from "../../model/span-write.ts";
import type { FeedbackStats, StoredFeedback } from "../../model/stored-feedback.ts";

export interface FeedbackStore {
  /**
   * Inserts, or replaces the feedback with the same id: a retry with a stable id is an update, never a double. What people
   * say (any source type but `model`), and did not say before, starts the next revision of the trace in every loop whose
   * config reads its key (`reads: { keys, settleMs }`); so do `feedbackUpdate` and `feedbackDelete`.
   */
  feedbackWrite(params: { feedback: readonly FeedbackWrite[] }): Promise<void>;
  feedbackGet(params: { id: string }): Promise<StoredFeedback | null>;
  feedbackUpdate(params: {
    id: string;
    score?: number | null;
    value?: Json;
    comment?: string | null;
    correction?: Json;
  }): Promise<StoredFeedback | null>;
  feedbackDelete(params: { id: string }): Promise<boolean>;
  feedbackList(params: {
    ids?: readonly string[];
    runIds?: readonly string[];
    projectIds?: readonly string[];
    keys?: readonly string[];
    sources?: readonly string[];
    limit: number;
    offset: number;
  }): Promise<StoredFeedback[]>;
  /** Stats per run id. */
  feedbackStats(params: { runIds: readonly string[] }): Promise<Map<string, FeedbackStats>>;
}
