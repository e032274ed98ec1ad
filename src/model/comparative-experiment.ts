import type { JsonObject } from "./json.ts";

/** Several experiments on one dataset, judged against each other example by example. */
export interface ComparativeExperiment {
  id: string;
  name: string;
  description: string | null;
  datasetId: string;
  /** The experiments; `name` is `null` for one that was deleted since. */
  projects: { id: string; name: string | null }[];
  extra: JsonObject;
  createdAt: number;
  modifiedAt: number;
}
