import type { JsonObject } from "../../model/json.ts";

/** How feedback under one key is meant: its type, range or categories. */
export interface FeedbackConfigRow {
  id: string;
  key: string;
  config: JsonObject;
  lowerIsBetter: boolean;
  enforced: boolean;
  modifiedAt: number;
}

/** Lets its holder give feedback under one key on one run, without an API key. */
export interface FeedbackTokenRow {
  id: string;
  runId: string;
  key: string;
  config: JsonObject | null;
  expiresAt: number;
  createdAt: number;
}

export interface FeedbackConfigStore {
  /** Creates, or returns the one the key has already; the caller compares. */
  feedbackConfigEnsure(params: {
    key: string;
    config: JsonObject;
    lowerIsBetter: boolean;
    enforced: boolean;
  }): Promise<FeedbackConfigRow>;
  feedbackConfigList(params: {
    keys?: readonly string[];
    nameContains?: string;
    limit: number;
    offset: number;
  }): Promise<FeedbackConfigRow[]>;
  feedbackConfigUpdate(params: {
    key: string;
    config?: JsonObject;
    lowerIsBetter?: boolean;
  }): Promise<FeedbackConfigRow | null>;
  feedbackConfigDelete(params: { key: string }): Promise<boolean>;

  feedbackTokenCreate(params: { tokens: readonly FeedbackTokenRow[] }): Promise<void>;
  feedbackTokenGet(params: { id: string }): Promise<FeedbackTokenRow | null>;
  feedbackTokenList(params: { runId: string; limit: number; offset: number }): Promise<FeedbackTokenRow[]>;
}
