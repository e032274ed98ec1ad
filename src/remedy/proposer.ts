import type { RandomSource } from "../internal/random.ts";
import type { JsonObject } from "../model/json.ts";
import type { Attribution } from "../model/failure.ts";
import type { RemedyBudget } from "./budget.ts";
import type { Proposal } from "./candidates.ts";
import type { Trial } from "./experiment.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";
import type { RemedyPattern } from "./remedy-definition.ts";
import type { VisibleExamples } from "./sealed-dataset.ts";

/** Why a failing trace failed, as its loop decided. */
export interface FailureNote {
  traceId: string;
  outputs: JsonObject | null;
  key: string;
  score: number;
  comment: string | null;
  attribution: Attribution | null;
}

/** Why a visible example failed in production. Text in it comes from traces: material, never instructions. */
export interface VisibleFailure {
  exampleId: string;
  outputs: JsonObject | null;
  key: string;
  score: number;
  comment: string | null;
  /** The blamed span, and sentences a person could check against the trace. */
  culprit: { name: string; kind: string; evidence: string[] } | null;
}

/** What a configuration came to on one visible example. */
export interface VisibleResult {
  exampleId: string;
  pass: boolean | null;
  score: number | null;
  outputs: JsonObject | null;
  error: string | null;
  comments: string[];
}

export interface ProposerContext<C> {
  baseline: C;
  /** What the failures have in common. Its exemplars are the visible ones only. */
  pattern: Omit<RemedyPattern, "id">;
  /** The visible examples, and nothing else. */
  examples: VisibleExamples;
  failures: readonly VisibleFailure[];
  /**
   * Tries a configuration on visible examples, all by default. The same configuration on the same example is paid once.
   * @throws LoopsmithError `budget_exhausted`, or `forbidden` for an example that is not visible
   */
  evaluate: (config: C, options?: { exampleIds?: readonly string[] }) => Promise<VisibleResult[]>;
  /** Enters a proposal at once, so that it counts even when the budget runs out afterwards. */
  submit: (proposal: Proposal<C>) => void;
  /**
   * Pays for a call of the proposer's own, for example to its LLM. `key` names it: after a crash the same key gives the
   * same answer without paying again.
   * @throws LoopsmithError `budget_exhausted`
   */
  pay: <R extends JsonObject>(call: ProposerCall<R>) => Promise<R>;
  budget: { readonly spentUsd: number; readonly maxUsd: number };
  /** Repeatable. */
  random: RandomSource;
  signal: AbortSignal;
}

/** One paid call of a proposer's own. */
export interface ProposerCall<R extends JsonObject> {
  key: string;
  /** The greatest cost in US dollars. */
  maxUsd: number;
  run: (signal: AbortSignal) => Promise<{ result: R; usd: number }>;
}

/** Suggests configurations from what it may see. What it returns and what it submitted are candidates. */
export type Proposer<C> = (context: ProposerContext<C>) => Promise<readonly Proposal<C>[] | void>;

/** What a proposer's run needs from the remedy. */
export interface ProposerDeps<C> {
  /** Names the remedy; part of the keys of paid calls. */
  name: string;
  pattern: ProposerContext<C>["pattern"];
  examples: VisibleExamples;
  /** Notes on any failing traces: those of examples the proposer may not see are left out. */
  notes: readonly FailureNote[];
  trial: Trial<C>;
  journal: ExperimentJournal;
  /** The proposer's own; see `budgetWithin`. */
  budget: RemedyBudget;
  /** Paid calls in flight. @default 8 */
  concurrency?: number;
  /** @default 10 minutes */
  timeoutMs?: number;
  seed?: number;
  signal?: AbortSignal;
  now?: () => number;
}
