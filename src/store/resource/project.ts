import type { JsonObject } from "../../model/json.ts";
import type { Project } from "../../model/project.ts";

export interface ProjectStore {
  /** Finds by name or creates; never changes an existing one. */
  projectEnsure(params: { name: string }): Promise<Project>;
  /** Creates; throws `conflict` when the name is taken, unless `upsert`. */
  projectCreate(params: {
    id?: string;
    name: string;
    description?: string | null;
    extra?: JsonObject;
    referenceDatasetId?: string | null;
    startAt?: number;
    upsert?: boolean;
  }): Promise<Project>;
  projectGet(params: { id: string } | { name: string }): Promise<Project | null>;
  projectList(params: {
    ids?: readonly string[];
    name?: string;
    nameContains?: string;
    /** Projects that are experiments on this dataset. */
    referenceDatasetIds?: readonly string[];
    /** True: only plain projects; false: only experiments. */
    referenceFree?: boolean;
    metadata?: JsonObject;
    limit: number;
    offset: number;
  }): Promise<Project[]>;
  projectUpdate(params: {
    id: string;
    name?: string;
    description?: string | null;
    extra?: JsonObject;
    endAt?: number | null;
  }): Promise<Project | null>;
  /** Removes the project and everything traced into it. */
  projectDelete(params: { id: string }): Promise<boolean>;
}
