import type { Json, JsonObject } from "./json.ts";

/** One feedback as it is stored. */
export interface StoredFeedback {
  id: string;
  /** `null` for feedback on a whole project. */
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
