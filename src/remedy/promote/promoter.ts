import type { JsonObject } from "../../model/json.ts";
import type { ExperimentPlatform } from "../experiment-platform.ts";
import type { Candidate } from "../candidates.ts";
import type { GateVerdict } from "../gate-verdict.ts";

/** A candidate that passed, on its way into use. */
export interface Promotion<C> {
  /** Deterministic: the same on every attempt. */
  id: string;
  remedy: string;
  pattern: { id: string; sentence: string };
  baseline: C;
  candidate: Candidate<C>;
  verdict: GateVerdict;
  /** The case for it in markdown. Text from traces and candidates in it is quoted. */
  summary: string;
  /** Who approved it and why; `who` is `loopsmith` where no approval was asked for. */
  who: string;
  why: string;
}

/** Where a promotion can be seen and what is needed to take it back. */
export interface Promoted {
  /** A commit, a URL, a delivery's id. */
  reference: string;
  url?: string;
  details: JsonObject;
}

/** What a promoter is called with. */
export interface PromoteContext {
  /** Where the remedy's datasets, experiments and prompts live. */
  platform: ExperimentPlatform;
  signal: AbortSignal;
  /** Epoch ms. */
  now: () => number;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Brings a candidate into use. Promoting the same promotion again, after a crash, comes to the same. */
export interface Promoter<C> {
  /** `prompt`, `github`, `webhook`, or the name of your own; shown in the remedy's history. */
  kind: string;
  /** @throws LoopsmithError; worth repeating for `unavailable`, `rate_limited` and `timeout` */
  promote(promotion: Promotion<C>, context: PromoteContext): Promise<Promoted>;
  /** Takes it back, where that is possible. */
  rollBack?(promotion: Promotion<C>, promoted: Promoted, context: PromoteContext): Promise<void>;
}
