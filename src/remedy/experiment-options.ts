import type { RemedyBudget } from "./budget.ts";
import type { Arm, Trial } from "./experiment.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";
import type { ExperimentPlatform } from "./experiment-platform.ts";
import type { GateOptions } from "./gate-options.ts";
import type { GateVerdict } from "./gate-verdict.ts";
import type { CallCounts } from "./paid-call.ts";
import type { RemedyExample } from "./remedy-example.ts";

export interface ExperimentOptions<C> {
  /** Names the experiment; an interrupted one goes on under the same name. */
  name: string;
  dataset: { id: string; version: string };
  examples: readonly RemedyExample[];
  baseline: Arm<C>;
  candidates: readonly Arm<C>[];
  trial: Trial<C>;
  /** Where runs and scores are written. */
  platform: ExperimentPlatform;
  /** @default one that lives as long as the process */
  journal?: ExperimentJournal;
  /** @default no limit */
  budget?: RemedyBudget;
  /** Runs of each arm on each example. @default 1 */
  repetitions?: number;
  /** Paid calls in flight. @default 8 */
  concurrency?: number;
  /**
   * The gate each candidate must pass. `candidates`, `planned` and the slices' plans are filled in from the examples at
   * the first start and kept from then on. `false` runs everything and asks no gate.
   */
  gate?: GateOptions | false;
  onProgress?: (progress: ExperimentProgress) => void;
  signal?: AbortSignal;
  /** Epoch ms. @default the system's clock */
  now?: () => number;
  /** Waits before retries. @default real time */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface ExperimentProgress {
  examplesDone: number;
  examplesTotal: number;
  runsDone: number;
  spentUsd: number;
  /** Candidates decided so far, by name. */
  decided: Readonly<Record<string, GateVerdict["verdict"]>>;
}

export interface ArmOutcome<C> {
  arm: Arm<C>;
  /** The platform's id of the arm's experiment, and its name there. */
  experimentId: string;
  experimentName: string;
  runs: number;
  /** Share of judged runs that passed; `null` when none was judged. */
  passRate: number | null;
  /** Against the baseline; `null` for the baseline itself, and without a gate. */
  verdict: GateVerdict | null;
}

export interface ExperimentOutcome<C> {
  /** `deferred`: a budget is used up or a provider is away; running it again goes on. */
  status: "complete" | "deferred";
  /** Why it is deferred. */
  reason: string | null;
  baseline: ArmOutcome<C>;
  candidates: ArmOutcome<C>[];
  spentUsd: number;
  calls: CallCounts;
}
