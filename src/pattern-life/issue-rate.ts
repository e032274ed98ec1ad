import { confidenceSequence } from "../internal/statistics/confidence-sequence.ts";
import type { RateInterval } from "../internal/statistics/confidence-sequence.ts";
import type { FollowedPattern } from "../model/issue.ts";

/** An issue's present rate for display: failing runs with it per exposed run since the rate last changed. */
export interface IssueRate extends RateInterval {
  /** Epoch ms since when this rate is taken to hold. */
  from: number;
  /** Runs it rests on (in effective runs where they are clustered). */
  exposed: number;
}

/** The rate with a 95% interval that may be read at any time. */
export function issueRate({ evidence: { epoch } }: FollowedPattern, confidence = 0.95): IssueRate {
  return { ...confidenceSequence(epoch.failing, epoch.exposed, confidence), from: epoch.from, exposed: epoch.exposed };
}
