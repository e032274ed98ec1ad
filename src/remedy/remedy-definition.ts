import type { Pattern } from "../model/pattern.ts";
import type { CanaryOptions } from "./canary-options.ts";
import type { CandidateSource } from "./candidates.ts";
import type { DatasetOptions, DatasetSource } from "./dataset.ts";
import type { Trial } from "./experiment.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";
import type { ExperimentProgress } from "./experiment-options.ts";
import type { ExperimentPlatform } from "./experiment-platform.ts";
import type { GateOptions } from "./gate-options.ts";
import type { Promoter } from "./promote/promoter.ts";
import type { FailureNote } from "./proposer.ts";
import type { RemedyState, RemedyStore } from "./remedy-state.ts";

/** What a remedy and its proposers need to know of a pattern. */
export type RemedyPattern = Pick<Pattern, "id" | "sentence" | "predicates"> &
  Partial<Pick<Pattern, "share" | "riskRatio" | "culprits" | "exemplars">>;

/** The whole chain from a pattern to a fix in use, as it is declared beside a loop. */
export interface RemedyDefinition<C extends object> {
  /** Unique; names the dataset and the experiments too. */
  name: string;
  /** The pattern to be fixed. */
  on: RemedyPattern;
  /** The configuration in use. */
  baseline: C;
  candidates: readonly CandidateSource<C>[];
  trial: Trial<C>;
  dataset?: DatasetOptions;
  /** Failing examples of the gate's split before anything is paid for. @default 20 */
  minExamples?: number;
  /**
   * Tries all candidates on the visible examples first and lets only the best `keep` go to the gate, which then divides its
   * alpha among fewer. @default all go
   */
  screen?: { keep: number };
  gate?: GateOptions;
  /** Runs of each arm on each example. @default 1 */
  repetitions?: number;
  /** Paid calls in flight. @default 8 */
  concurrency?: number;
  /** US dollars for everything together. @default no limit */
  budgetUsd?: number;
  /** US dollars of it that proposers may spend. @default a quarter */
  proposerBudgetUsd?: number;
  /** More candidates than this are refused. @default 20 */
  maxCandidates?: number;
  /** @default a candidate that passes is reported and nothing is changed */
  promote?: Promoter<C>;
  /** Whether a person must agree before a candidate that passed comes into use. @default "required" */
  approval?: "required" | "automatic";
  /** Serve a share of live traffic with the candidate first. Needs your application to ask `assign`. */
  canary?: CanaryOptions;
  /** Take the promotion back by itself when the pattern comes back. @default false */
  rollBackOnRegression?: boolean;
}

/** Everything a remedy touches. */
export interface RemedyDeps<C extends object> {
  /** @default one made of the remedy's name and its pattern */
  id?: string;
  platform: ExperimentPlatform;
  journal: ExperimentJournal;
  store: RemedyStore<C>;
  /** Decided traces of the pattern's window, failing and passing, with reviewers' corrections. */
  sources: () => Promise<readonly DatasetSource[]>;
  /** Why failing traces failed; asked for only where a proposer needs it. */
  notes?: () => Promise<readonly FailureNote[]>;
  /** Tells the pattern's life that a fix is in use from now on. May be called again with the same. */
  watchPattern?: (params: { patternId: string; remedyId: string; reference: string; at: number }) => Promise<void>;
  /** Asks a person, for example by a queue item. May be called again for the same state. */
  requestApproval?: (params: { state: RemedyState<C>; summary: string }) => Promise<void>;
  onProgress?: (progress: ExperimentProgress & { stage: "screening" | "testing" }) => void;
  signal?: AbortSignal;
  /** Epoch ms. @default the system's clock */
  now?: () => number;
  /** Waits before retries. @default real time */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}
