import type { BootstrapInterval } from "../internal/statistics/bootstrap.ts";
import type { Interval } from "../internal/statistics/paired-betting.ts";
import type { JudgeRates } from "../model/judge-error.ts";
import type { LimitVerdict } from "./gate-limits.ts";
import type { SliceVerdict } from "./gate-slices.ts";
import type { TrueRate } from "./judge-skill.ts";

export type GateOutcome = "PASS" | "FAIL" | "INCONCLUSIVE";

/** One thing the gate looked at, and what it says. The verdict is the worst of them. */
export interface GateReason {
  about: "improvement" | "slice" | "limit" | "missing" | "judge";
  outcome: GateOutcome;
  /** One sentence. */
  text: string;
}

/** The judge's rates, and the judged pass rates and their difference corrected for its errors. */
export interface JudgedTruth extends JudgeRates {
  baseline: TrueRate;
  candidate: TrueRate;
  improvement: TrueRate;
}

/** What a gate says of a candidate, and the numbers it rests on. */
export interface GateVerdict {
  /** The worst outcome among the reasons. */
  verdict: GateOutcome;
  /** The reasons as text, most serious first. */
  explanation: string;
  /** Everything the gate looked at, most serious first. */
  reasons: GateReason[];
  /** About how many more examples would decide it; `null` when decided, or when no number would. */
  moreExamples: number | null;

  /** Target pairs judged on both sides. */
  pairs: number;
  /** Those of them in which the candidate did better. */
  wins: number;
  /** Those in which it did worse. */
  losses: number;
  /** Those in which both did alike. */
  ties: number;
  /** Controls judged on both sides. */
  controls: number;
  /** Pairs, targets and controls, left out because an arm was not judged. */
  missing: number;

  /** The baseline's mean result over the target pairs, 0 to 1. */
  baseline: number;
  /** The candidate's, likewise. */
  candidate: number;
  /** Candidate minus baseline, with a confidence sequence whose sides each miss with at most the test's alpha. */
  improvement: BootstrapInterval;
  /** The highest e-value against "no improvement" so far. */
  eValue: number;
  /** What an e-value must reach: one over this candidate's part of alpha. */
  bar: number;
  /** Target pairs after which the bar was reached; `null` when it was not. */
  decidedAt: number | null;
  /** The highest e-value against "at least the wished improvement": at the bar it shows the candidate falls short. */
  eValueAgainst: number;

  /** Exact McNemar on wins and losses, two-sided: for one look at the end, reported beside. */
  pMcNemar: number;
  /** The same, one-sided: against "the candidate is no better". */
  pMcNemarGreater: number;
  /** Paired bootstrap (95%) of the mean score difference, where scores were recorded. */
  scoreDifference: BootstrapInterval | null;
  /** The rates corrected for the judge's errors; `null` without the judge's calibration. */
  truth: JudgedTruth | null;

  /** Whether the candidate does harm where it may not, slice by slice. */
  slices: SliceVerdict[];
  /** What the candidate costs, limit by limit; empty without limits. */
  limits: LimitVerdict[];
}

/** FAIL before INCONCLUSIVE before PASS. */
export const OUTCOMES_WORST_FIRST: readonly GateOutcome[] = ["FAIL", "INCONCLUSIVE", "PASS"];

/** Exit code for CI: 0, 1 or 2. */
export function gateExitCode({ verdict }: Pick<GateVerdict, "verdict">): 0 | 1 | 2 {
  return verdict === "PASS" ? 0 : verdict === "FAIL" ? 1 : 2;
}

/** An estimate with the ends of an interval, as the verdict keeps them. */
export function withInterval(estimate: number, { low, high }: Interval): BootstrapInterval {
  return { estimate, low, high };
}
