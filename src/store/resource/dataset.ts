import type { JsonObject } from "../../model/json.ts";

export interface DatasetRow {
  id: string;
  name: string;
  description: string | null;
  /** `kv`, `llm` or `chat`. */
  dataType: string;
  /** LangSmith's `metadata` / `extra`. */
  metadata: JsonObject;
  inputsSchema: JsonObject | null;
  outputsSchema: JsonObject | null;
  createdAt: number;
  modifiedAt: number;
  exampleCount: number;
  /** Experiments on it. */
  projectCount: number;
  shareToken: string | null;
}

export interface ExampleRow {
  id: string;
  datasetId: string;
  inputs: JsonObject;
  outputs: JsonObject | null;
  metadata: JsonObject;
  /** At least `base`. */
  splits: string[];
  sourceRunId: string | null;
  createdAt: number;
  modifiedAt: number;
  attachments: { name: string; mimeType: string; byteLength: number }[];
}

export interface ExampleWrite {
  id?: string;
  inputs?: JsonObject;
  outputs?: JsonObject | null;
  metadata?: JsonObject;
  splits?: readonly string[];
  sourceRunId?: string | null;
  createdAt?: number;
  attachments?: readonly { name: string; mimeType: string; bytes: Uint8Array }[];
  /** On update: attachments to keep (all when absent) and new names for some. */
  attachmentOperations?: { retain?: readonly string[]; rename?: Readonly<Record<string, string>> };
}

/** A state of the dataset that can be read again: every write makes one. */
export interface DatasetVersionRow {
  asOf: number;
  tags: string[];
}

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
  }): Promise<DatasetRow>;
  datasetGet(params: { id: string } | { name: string } | { shareToken: string }): Promise<DatasetRow | null>;
  datasetList(params: {
    ids?: readonly string[];
    name?: string;
    nameContains?: string;
    metadata?: JsonObject;
    dataTypes?: readonly string[];
    limit: number;
    offset: number;
  }): Promise<DatasetRow[]>;
  datasetUpdate(params: {
    id: string;
    name?: string;
    description?: string | null;
    metadata?: JsonObject;
    inputsSchema?: JsonObject | null;
    outputsSchema?: JsonObject | null;
    shareToken?: string | null;
  }): Promise<DatasetRow | null>;
  datasetDelete(params: { id: string }): Promise<boolean>;

  /** Oldest last. */
  datasetVersionList(params: { datasetId: string; limit: number; offset: number }): Promise<DatasetVersionRow[]>;
  /** The newest version at or before `asOf`, or the tagged one; without either, the newest. */
  datasetVersionGet(params: { datasetId: string; asOf?: number; tag?: string }): Promise<DatasetVersionRow | null>;
  /** Moves a tag to the newest version at or before `asOf`. */
  datasetVersionTag(params: { datasetId: string; asOf: number; tag: string }): Promise<DatasetVersionRow | null>;
  datasetVersionDiff(params: { datasetId: string; from: number; to: number }): Promise<{
    added: string[];
    modified: string[];
    removed: string[];
  }>;

  /**
   * Creates and updates examples as one new version. An id that exists is updated field by field; with `createOnly` it is
   * a `conflict` instead.
   * @throws LoopsmithError `not_found` for a dataset that does not exist
   */
  exampleWrite(params: {
    datasetId: string;
    examples: readonly ExampleWrite[];
    createOnly?: boolean;
  }): Promise<{ ids: string[]; asOf: number }>;
  /** Adds an example to the named dataset, made when missing; an id that was ever there changes nothing. */
  exampleEnsure(params: {
    id: string;
    datasetName: string;
    inputs: JsonObject;
    outputs?: JsonObject;
    metadata: JsonObject;
    split?: string;
    sourceRunId: string;
  }): Promise<void>;
  exampleGet(params: { id: string; asOf?: number }): Promise<ExampleRow | null>;
  exampleList(params: {
    datasetId?: string;
    ids?: readonly string[];
    splits?: readonly string[];
    metadata?: JsonObject;
    asOf?: number;
    order?: "newest" | "oldest";
    limit: number;
    offset: number;
  }): Promise<ExampleRow[]>;
  exampleCount(params: { datasetId: string; splits?: readonly string[]; asOf?: number }): Promise<number>;
  /** Removes from the newest version; older versions still hold them unless `hard`. */
  exampleDelete(params: { ids: readonly string[]; hard?: boolean }): Promise<number>;
  exampleSplits(params: { datasetId: string; asOf?: number }): Promise<string[]>;
  exampleAttachmentGet(params: {
    exampleId: string;
    name: string;
  }): Promise<{ mimeType: string; bytes: Uint8Array } | null>;
}
