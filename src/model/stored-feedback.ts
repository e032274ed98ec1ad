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

/** What the feedback under one key comes to. */
export interface FeedbackTally {
  n: number;
  /** Mean of the numeric scores; `null` when there are none. */
  avg: number | null;
  /** Count by categorical value. */
  values: Record<string, number>;
  min?: number | null;
  max?: number | null;
  /** Sample standard deviation; `null` with fewer than two scores. */
  stdev?: number | null;
}

/** By feedback key. */
export interface FeedbackStats {
  [key: string]: FeedbackTally;
}
