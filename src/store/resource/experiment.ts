import type { Example } from "../../model/dataset.ts";
import type { FilterExpression } from "../../wire/filter-ast.ts";

/** Tokens and costs summed over all spans of a project: those of a root's children count too. */
export interface ProjectUsage {
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
  /** US dollars; `null` when no span carries a cost. */
  cost: number | null;
}

export interface ExperimentStore {
  projectUsage(params: { projectId: string }): Promise<ProjectUsage>;
  /**
   * The examples that experiments have root runs for, in the order of the dataset, as they last were: an example deleted
   * since is still what the experiment ran on.
   */
  experimentExampleList(params: {
    datasetId: string;
    projectIds: readonly string[];
    exampleIds?: readonly string[];
    /** By project: only examples whose run there passes all of these. */
    filters?: ReadonlyMap<string, readonly FilterExpression[]>;
    /** By the mean score of a feedback key; examples without one come last. */
    sort?: { key: string; order: "asc" | "desc" };
    limit: number;
    offset: number;
  }): Promise<Example[]>;
}
