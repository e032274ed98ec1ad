import type { JsonObject } from "../../model/json.ts";

/** The definition of an evaluator as LangSmith's clients create it: kept and given back, never run by the server. */
export interface OnlineEvaluatorRow {
  id: string;
  name: string;
  /** As sent: `type`, `code_evaluator` or `llm_evaluator`, `metadata`. */
  body: JsonObject;
  createdAt: number;
  updatedAt: number;
}

export interface OnlineEvaluatorStore {
  onlineEvaluatorCreate(params: { name: string; body: JsonObject }): Promise<OnlineEvaluatorRow>;
  onlineEvaluatorGet(params: { id: string }): Promise<OnlineEvaluatorRow | null>;
  onlineEvaluatorList(params: { limit: number; offset: number }): Promise<OnlineEvaluatorRow[]>;
  onlineEvaluatorUpdate(params: { id: string; name?: string; body?: JsonObject }): Promise<OnlineEvaluatorRow | null>;
  onlineEvaluatorDelete(params: { id: string }): Promise<boolean>;
}
