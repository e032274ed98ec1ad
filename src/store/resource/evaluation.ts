import type { Json } from "../../model/json.ts";

/** Answers of evaluators by a hash of who was asked what. They may be forgotten at any time. */
export interface EvaluationStore {
  evaluationGet(params: { key: string }): Promise<Json | null>;
  /** Keeps the answer for 30 days; of two that come at the same time the first stays. */
  evaluationPut(params: { key: string; result: Json }): Promise<void>;
}
