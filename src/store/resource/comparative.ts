import type { JsonObject } from "../../model/json.ts";
import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { ComparativeExperiment } from "../../model/comparative-experiment.ts";

export interface ComparativeStore {
  /** @throws LoopsmithError `conflict` when the id is taken */
  comparativeCreate(params: {
    id?: string;
    name: string;
    description?: string | null;
    datasetId: string;
    projectIds: readonly string[];
    extra?: JsonObject;
    createdAt?: number;
  }): Promise<ComparativeExperiment>;
  /** Newest first unless sorted otherwise. */
  comparativeList(params: {
    datasetId: string;
    ids?: readonly string[];
    name?: string;
    nameContains?: string;
    /** @default "createdAt" */
    sortBy?: "name" | "createdAt";
    /** @default "desc" */
    sortOrder?: "asc" | "desc";
    limit: number;
    offset: number;
  }): Promise<ComparativeExperiment[]>;
  /** Removes the comparison and the feedback that was given in it. */
  comparativeDelete(params: { id: string }): Promise<boolean>;
  /** What was given to each experiment's runs: by comparison, then by experiment. */
  comparativeStats(params: { ids: readonly string[] }): Promise<Map<string, Map<string, FeedbackStats>>>;
}
