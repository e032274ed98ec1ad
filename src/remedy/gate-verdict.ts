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

export interface GateVerdict {
  verdict: GateOutcome;
  /** The reasons as text, most serious first. */
  explanation: string;
  reasons: GateReason[];
  /** About how many more examples would decide it; `null` when decided, or when no number would. */
  moreExamples: number | null;

  /** Target pairs judged on both sides, of which the candidate won, lost or tied. */
  pairs: number;
  wins: number;
  losses: number;
  ties: number;
  /** Controls judged on both sides. */
  controls: number;
  /** Pairs, targets and controls, left out because an arm was not judged. */
  missing: number;

  /** Mean results over the target pairs, 0 to 1. */
  baseline: number;
  candidate: number;
  /** Candidate minus baseline, with a confidence sequence whose sides each miss with at most the test's alpha. */
  improvement: BootstrapInterval;
  /** The highest e-value against "no improvement" so far, and the bar it must reach. */
  eValue: number;
  bar: number;
  /** Target pairs after which the bar was reached. */
  decidedAt: number | null;
  /** The highest e-value against "at least the wished improvement": at the bar it shows the candidate falls short. */
  eValueAgainst: number;

  /** Exact McNemar on wins and losses, two-sided and one-sided: for one look at the end, reported beside. */
  pMcNemar: number;
  pMcNemarGreater: number;
  /** Paired bootstrap (95%) of the mean score difference, where scores were recorded. */
  scoreDifference: BootstrapInterval | null;
  /** With a judge's calibration. */
  truth: JudgedTruth | null;

  slices: SliceVerdict[];
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
