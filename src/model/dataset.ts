import type { JsonObject } from "./json.ts";

export interface Dataset {
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
  /** Start of the newest experiment. */
  lastProjectStartAt: number | null;
  shareToken: string | null;
  /** Whether whoever holds the share token sees the experiments too. */
  shareProjects: boolean;
  /** The experiment others are compared with. */
  baselineProjectId: string | null;
}

/** A state of the dataset that can be read again: every write makes one. */
export interface DatasetVersion {
  asOf: number;
  tags: string[];
}

export interface Example {
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
  attachments: ExampleAttachment[];
}

/** A run that becomes an example of the named dataset, under an id that stays. */
export interface ExampleAddition {
  id: string;
  datasetName: string;
  inputs: JsonObject;
  outputs?: JsonObject;
  metadata: JsonObject;
  split?: string;
  sourceRunId: string;
}

export interface ExampleAttachment {
  name: string;
  mimeType: string;
  byteLength: number;
  /** Stable id of the bytes; another version of the example may share them. */
  contentId: string;
}
