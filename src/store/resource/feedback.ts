import type { Json, JsonObject } from "../../model/json.ts";
import type { FeedbackWrite } from "../../model/span-write.ts";

export interface FeedbackRow {
  id: string;
  runId: string | null;
  traceId: string | null;
  projectId: string | null;
  key: string;
  score: number | null;
  value: Json;
  comment: string | null;
  correction: Json;
  source: JsonObject | null;
  extra: JsonObject | null;
  groupId: string | null;
  comparativeExperimentId: string | null;
  createdAt: number;
  modifiedAt: number;
}

/** Per key: how many, their mean, and counts of categorical values. */
export interface FeedbackStats {
  [key: string]: { n: number; avg: number | null; values: Record<string, number> };
}

export interface FeedbackStore {
  /** Inserts, or replaces the feedback with the same id: a retry with a stable id is an update, never a double. */
  feedbackWrite(params: { feedback: readonly FeedbackWrite[] }): Promise<void>;
  feedbackGet(params: { id: string }): Promise<FeedbackRow | null>;
  feedbackUpdate(params: {
    id: string;
    score?: number | null;
    value?: Json;
    comment?: string | null;
    correction?: Json;
  }): Promise<FeedbackRow | null>;
  feedbackDelete(params: { id: string }): Promise<boolean>;
  feedbackList(params: {
    ids?: readonly string[];
    runIds?: readonly string[];
    projectIds?: readonly string[];
    keys?: readonly string[];
    sources?: readonly string[];
    limit: number;
    offset: number;
  }): Promise<FeedbackRow[]>;
  /** Stats per run id. */
  feedbackStats(params: { runIds: readonly string[] }): Promise<Map<string, FeedbackStats>>;
}
