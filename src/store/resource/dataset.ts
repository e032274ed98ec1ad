import type { JsonObject } from "../../model/json.ts";
import type { Dataset, DatasetVersion, Example, ExampleAddition } from "../../model/dataset.ts";
import type { FilterExpression } from "../../wire/filter-ast.ts";

export type DatasetSort = "name" | "createdAt" | "modifiedAt" | "exampleCount" | "projectCount" | "lastProjectStartAt";

export interface ExampleWrite {
  id?: string;
  inputs?: JsonObject;
  outputs?: JsonObject | null;
  metadata?: JsonObject;
  splits?: readonly string[];
  sourceRunId?: string | null;
  createdAt?: number;
  /** On update they take the place of all attachments there are, but for what `attachmentOperations` keeps. */
  attachments?: readonly { name: string; mimeType: string; bytes: Uint8Array }[];
  /** On update: which attachments to keep, and new names for some; those it does not name go. Keeps all when absent. */
  attachmentOperations?: { retain?: readonly string[]; rename?: Readonly<Record<string, string>> };
}

/** What to read of a dataset's examples; without `asOf` as they are now. */
export interface ExampleSelection {
  datasetId?: string;
  ids?: readonly string[];
  /** Examples in any of these. */
  splits?: readonly string[];
  metadata?: JsonObject;
  /** Examples whose inputs, outputs or metadata hold all of these words, ignoring case. */
  textContains?: readonly string[];
  filter?: FilterExpression;
  asOf?: number;
}

/**
 * - `newest`, `oldest`: by creation
 * - `recent`: by last change, newest first
 * - `id`
 * - `random`: shuffled, the same way for the same seed
 */
export type ExampleOrder = "newest" | "oldest" | "recent" | "id" | "random";

export interface DatasetStore {
  /** @throws LoopsmithError `conflict` when the name is taken */
  datasetCreate(params: {
    id?: string;
    name: string;
    description?: string | null;
    dataType?: string;
    metadata?: JsonObject;
    inputsSchema?: JsonObject | null;
    outputsSchema?: JsonObject | null;
    createdAt?: number;
  }): Promise<Dataset>;
  datasetGet(params: { id: string } | { name: string } | { shareToken: string }): Promise<Dataset | null>;
  datasetList(params: {
    ids?: readonly string[];
    name?: string;
    nameContains?: string;
    metadata?: JsonObject;
    dataTypes?: readonly string[];
    /** @default "createdAt" */
    sortBy?: DatasetSort;
    /** Datasets without a value come last in both. @default "desc" */
    sortOrder?: "asc" | "desc";
    limit: number;
    offset: number;
  }): Promise<Dataset[]>;
  datasetUpdate(params: {
    id: string;
    name?: string;
    description?: string | null;
    metadata?: JsonObject;
    inputsSchema?: JsonObject | null;
    outputsSchema?: JsonObject | null;
    shareToken?: string | null;
    shareProjects?: boolean;
    baselineProjectId?: string | null;
  }): Promise<Dataset | null>;
  datasetDelete(params: { id: string }): Promise<boolean>;

  /** Oldest last; only those that changed the example, when one is named. */
  datasetVersionList(params: {
    datasetId: string;
    exampleId?: string;
    limit: number;
    offset: number;
  }): Promise<DatasetVersion[]>;
  /** The newest version at or before `asOf`, or the tagged one; without either, the newest. It bears the tag `latest`. */
  datasetVersionGet(params: { datasetId: string; asOf?: number; tag?: string }): Promise<DatasetVersion | null>;
  /** Moves a tag to the newest version at or before `asOf`. */
  datasetVersionTag(params: { datasetId: string; asOf: number; tag: string }): Promise<DatasetVersion | null>;
  datasetVersionDiff(params: { datasetId: string; from: number; to: number }): Promise<{
    added: string[];
    modified: string[];
    removed: string[];
  }>;

  /**
   * Creates and updates examples as one new version. An id that exists is updated field by field; with `createOnly` it is
   * a `conflict` instead, and with `updateOnly` an id that does not exist is `not_found`.
   * @throws LoopsmithError `not_found` for a dataset that does not exist, `conflict` for an example of another dataset
   */
  exampleWrite(params: {
    datasetId: string;
    examples: readonly ExampleWrite[];
    createOnly?: boolean;
    updateOnly?: boolean;
  }): Promise<{ ids: string[]; asOf: number }>;
  /**
   * Reads examples and writes what `revise` makes of them as one new version, with nobody in between. `revise` must be
   * pure; `null` leaves an example as it is. Ids that are not in the dataset are left out of the answer.
   */
  exampleRevise(params: {
    datasetId: string;
    ids: readonly string[];
    revise: (example: Example) => Pick<ExampleWrite, "inputs" | "outputs" | "metadata" | "splits"> | null;
  }): Promise<{ ids: string[]; asOf: number | null }>;
  /** Adds an example to the named dataset, made when missing; an id that was ever there changes nothing. */
  exampleEnsure(params: ExampleAddition): Promise<void>;
  exampleGet(params: { id: string; asOf?: number }): Promise<Example | null>;
  exampleList(
    params: ExampleSelection & {
      /** @default "newest" */
      order?: ExampleOrder;
      seed?: number;
      limit: number;
      offset: number;
    },
  ): Promise<Example[]>;
  exampleCount(params: ExampleSelection): Promise<number>;
  /** Removes from the newest version; older versions still hold them unless `hard`. Returns the ids that were there. */
  exampleDelete(params: { ids: readonly string[]; datasetId?: string; hard?: boolean }): Promise<string[]>;
  exampleSplits(params: { datasetId: string; asOf?: number }): Promise<string[]>;
  /** By name on the newest state of an example, or the very bytes. */
  exampleAttachmentGet(
    params: { exampleId: string; name: string } | { contentId: string },
  ): Promise<{ mimeType: string; bytes: Uint8Array } | null>;
}
