import type { JsonObject } from "./json.ts";

/** A tracing project or an experiment (a project with a reference dataset). LangSmith calls it a session. */
export interface Project {
  id: string;
  name: string;
  description: string | null;
  /** LangSmith's `extra`, metadata included. */
  extra: JsonObject;
  referenceDatasetId: string | null;
  startAt: number;
  endAt: number | null;
}
