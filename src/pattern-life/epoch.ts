import { startEDetector } from "../internal/statistics/e-detector.ts";
import { addToReference, EMPTY_REFERENCE, referenceShare } from "../internal/statistics/reference-rate.ts";
import type { FollowedPattern, IssueEvidence, RateEpoch, WindowObservation } from "../model/issue.ts";
import type { ResolvedLifeOptions } from "./life-options.ts";

function startEpoch(from: number): RateEpoch {
  return { from, failing: 0, exposed: 0, matching: 0, others: { failing: 0, total: 0 }, reference: EMPTY_REFERENCE };
}

/** An epoch with one more window in it. `share` deflates counts of clustered runs. */
export function extendEpoch(
  epoch: RateEpoch,
  { failing, failures, passing, passes, exposed = failing + passing }: WindowObservation,
  { clusterSize, firstLook, confidence, referenceRuns }: ResolvedLifeOptions,
): RateEpoch {
  const share = 1 / clusterSize;
  const look = { firstLook, confidence, limit: referenceRuns };
  return {
    from: epoch.from,
    failing: epoch.failing + failing * share,
    exposed: epoch.exposed + exposed * share,
    matching: epoch.matching + (failing + passing) * share,
    others: {
      failing: epoch.others.failing + (failures - failing) * share,
      total: epoch.others.total + (failures - failing + passes - passing) * share,
    },
    reference: addToReference(epoch.reference, failing * share, exposed * share, look),
  };
}

/** How many sizes of comeback are betted on. */
const COMEBACKS = 2;

/** Evidence of a pattern nothing is known of yet. */
export function startEvidence(at: number, ratios: number, trends: number): IssueEvidence {
  return {
    confirmation: Array.from({ length: ratios }, () => 0),
    epoch: startEpoch(at),
    peak: 0,
    rise: startEDetector(trends, at),
    fall: startEDetector(trends, at),
    comeback: startEDetector(COMEBACKS, at),
  };
}

/** The rate changed: the past becomes the peak it may be, and everything after `at` is judged for itself. */
export function turnEpoch(issue: FollowedPattern, at: number, options: ResolvedLifeOptions): FollowedPattern {
  const { evidence } = issue;
  const fresh = startEvidence(at, evidence.confirmation.length, options.trendRatios.length);
  return { ...issue, evidence: { ...fresh, confirmation: evidence.confirmation, peak: peakRate(evidence) } };
}

/** The highest rate the issue settled at, the present epoch included once it has settled. */
export function peakRate({ peak, epoch }: IssueEvidence): number {
  return epoch.reference.looks > 0 ? Math.max(peak, referenceShare(epoch.reference)) : peak;
}

/**
 * The rate below which the issue counts as gone: `background + fraction (peak - background)`. The background is the rate the
 * pattern would show if its runs failed like the others. Where that is 0 (a symptom that no longer occurs) this is a
 * fraction of the peak; a pattern of circumstances (`model = x`) can at best fall to how often everything fails.
 */
export function goneBelow(evidence: IssueEvidence, fraction: number): number {
  const { exposed, matching, others } = evidence.epoch;
  const background = exposed > 0 && others.total > 0 ? (matching / exposed) * (others.failing / others.total) : 0;
  return background + fraction * Math.max(0, peakRate(evidence) - background);
}
