import type { Json, JsonObject } from "../model/json.ts";
import type { Span } from "../model/trace.ts";

/** An example of a dataset as a platform keeps it. */
export interface PlatformExample {
  id: string;
  inputs: JsonObject;
  /** Reference outputs. */
  outputs?: JsonObject;
  metadata: JsonObject;
  split: string;
  /** The run the inputs came from. */
  sourceRunId?: string;
}

/** A score of an experiment's run. LangSmith calls it feedback. */
export interface ResultScore {
  /** Deterministic; the same feedback id again is an update. */
  id: string;
  key: string;
  score: number | null;
  value?: Json;
  comment?: string;
  evaluator: string;
  evaluatorVersion: string;
}

/** One run of one arm on one example, with its scores. */
export interface ExperimentResult {
  /** Deterministic; the same run id again changes nothing. */
  runId: string;
  exampleId: string;
  /** From 0. */
  repetition: number;
  inputs: JsonObject;
  outputs: JsonObject | null;
  error: string | null;
  /** Epoch ms. */
  startAt: number;
  endAt: number;
  /** US dollars; `null` when unknown. */
  costUsd: number | null;
  tokens: number | null;
  /** The whole trace, root first, where the target recorded one. */
  spans?: readonly Span[];
  scores: readonly ResultScore[];
  metadata: JsonObject;
}

export interface ExperimentHead {
  id: string;
  name: string;
  datasetId: string | null;
  metadata: JsonObject;
}

/** What somebody said about a run. */
export interface RunFeedback {
  runId: string;
  key: string;
  score: number | null;
  comment: string | null;
  /** What the outputs should have been. */
  correction: Json;
  /** A person's name or id, where the platform knows it. */
  who: string | null;
}

/**
 * What remedies need of the place where datasets, experiments and prompts live: LangSmith, a server that speaks its API,
 * or our own store. Every write may be repeated after a crash with the same ids and then changes nothing more; ids a
 * platform must choose itself are found again by name.
 *
 * Every method rejects with LoopsmithError `unauthorized`, `rate_limited`, `unavailable` or `timeout`.
 */
export interface ExperimentPlatform {
  /** Finds the dataset by name or creates it; returns its id here. */
  datasetEnsure(params: {
    id: string;
    name: string;
    description: string;
    metadata: JsonObject;
  }): Promise<{ id: string }>;
  datasetFind(params: { name: string }): Promise<{ id: string } | null>;
  /** Adds examples; one whose id is there already is updated. Returns the version after it, as a time or a number in text. */
  exampleWrite(params: { datasetId: string; examples: readonly PlatformExample[] }): Promise<{ version: string }>;
  /** All examples, or those of one split, of the newest version or the one named, in any order. */
  exampleList(params: { datasetId: string; split?: string; version?: string }): Promise<PlatformExample[]>;

  /** Finds the experiment (a project that refers to a dataset) by name or creates it; returns its id here. */
  experimentEnsure(params: {
    id: string;
    name: string;
    description: string;
    datasetId: string;
    datasetVersion: string;
    metadata: JsonObject;
  }): Promise<{ id: string }>;
  /** By name or id. */
  experimentFind(params: { nameOrId: string }): Promise<ExperimentHead | null>;
  /** Adds to the experiment's metadata, for example the gate's verdict. */
  experimentAnnotate(params: { experimentId: string; metadata: JsonObject }): Promise<void>;
  /** Writes one run and its feedback. */
  resultWrite(params: { experimentId: string; result: ExperimentResult }): Promise<void>;
  /** Every run of an experiment with its feedback, in any order. */
  resultList(params: { experimentId: string }): Promise<ExperimentResult[]>;

  /** All feedback on these runs, the oldest first. */
  feedbackList(params: { runIds: readonly string[] }): Promise<RunFeedback[]>;

  /** The newest commit of a prompt, or the one a tag points to. */
  promptRead(params: { name: string; tag?: string }): Promise<{ commit: string; content: JsonObject } | null>;
  /** Commits content to a prompt, which is created when missing. Content equal to the newest commit's makes no new one. */
  promptCommit(params: { name: string; content: JsonObject; description: string }): Promise<{ commit: string }>;
  /** Points a tag at a commit, moving it when it exists. */
  promptTag(params: { name: string; commit: string; tag: string }): Promise<void>;
}
