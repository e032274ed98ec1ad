import { insideUnit } from "../internal/statistics/betting.ts";
import { eDetectorValue, stepEDetector } from "../internal/statistics/e-detector.ts";
import type { EDetector } from "../internal/statistics/e-detector.ts";
import { tableLogBets } from "../internal/statistics/table-bet.ts";
import type { FollowedPattern, IssueEvidence, IssueState, WindowObservation } from "../model/issue.ts";
import { extendEpoch, goneBelow, peakRate } from "./epoch.ts";
import type { ResolvedLifeOptions } from "./life-options.ts";

/** What an issue's state can hinge on; 1 (times the family's threshold) decides, except `confirmation`, an e-value. */
export type Trial = "confirmation" | "rise" | "fall" | "comeback";

/** Odds ratios a candidate is expected to have. */
export const CONFIRM_RATIOS = [1.5, 2, 4, 8] as const;

/** Which trials are open in a state. */
export function openTrials(state: IssueState): Trial[] {
  if (state === "candidate") return ["confirmation"];
  if (state === "resolved") return ["comeback"];
  return state === "no_exposure" ? [] : ["rise", "fall"];
}

/** Evidence after one more window. Bets use only bounds from earlier windows, which is what makes them fair. */
export function gather(issue: FollowedPattern, seen: WindowObservation, options: ResolvedLifeOptions): IssueEvidence {
  const { evidence } = issue;
  const share = 1 / options.clusterSize;
  const exposed = exposedRuns(seen) * share;
  const failing = seen.failing * share;
  const weight = (seen.to - seen.from) / options.falseTrendEveryMs;
  const step = (detector: EDetector, nullRate: number, ratios: readonly number[]): EDetector =>
    stepEDetector(detector, failing, exposed, seen.from, { nullRate, ratios, weight });

  const epoch = extendEpoch(evidence.epoch, seen, options);
  if (issue.state === "resolved") {
    // Until there is an upper bound of the rate it came to rest at, that is 1.
    const rest = Math.min(goneBelow(evidence, options.resolveFraction), evidence.epoch.reference.upper);
    return { ...evidence, epoch, comeback: step(evidence.comeback, rest, comebackRatios(rest, peakRate(evidence))) };
  }
  if (issue.state === "candidate") {
    const bets = tableLogBets(seen, CONFIRM_RATIOS);
    return {
      ...evidence,
      epoch,
      confirmation: bets.map((bet, index) => bounded((evidence.confirmation[index] ?? 0) + share * bet)),
    };
  }
  const { lower, upper, looks } = evidence.epoch.reference;
  if (looks === 0) return { ...evidence, epoch };
  const falls = options.trendRatios.map((ratio) => 1 / ratio);
  return {
    ...evidence,
    epoch,
    rise: upper < 1 ? step(evidence.rise, upper, options.trendRatios) : evidence.rise,
    fall: lower > 0 ? step(evidence.fall, lower, falls) : evidence.fall,
  };
}

/** A comeback is expected to reach the old peak, or half the way there (in log odds). */
function comebackRatios(rest: number, peak: number): number[] {
  const odds = (rate: number): number => insideUnit(rate) / (1 - insideUnit(rate));
  const full = Math.max(1.5, odds(peak) / odds(rest));
  return [Math.sqrt(full), full];
}

/**
 * The value of a trial: an e-value for `confirmation`, a detector value for the others. A rise that stays below where the issue
 * counts as gone is no comeback, and its value is 0.
 */
export function trialValue(evidence: IssueEvidence, trial: Trial, { resolveFraction }: ResolvedLifeOptions): number {
  if (trial === "comeback") {
    const { failing, total } = evidence.comeback.suspect;
    if (failing < total * goneBelow(evidence, resolveFraction)) return 0;
  }
  if (trial !== "confirmation") return eDetectorValue(evidence[trial]);
  let sum = 0;
  for (const log of evidence.confirmation) sum += Math.exp(log) / evidence.confirmation.length;
  return sum;
}

/** Runs of a window on which the pattern could have shown. */
export function exposedRuns({ exposed, failing, passing }: WindowObservation): number {
  return exposed ?? failing + passing;
}

/** Keeps logs where `exp` is finite and not 0, so that no evidence is final and JSON can carry it. */
function bounded(log: number): number {
  return Math.min(600, Math.max(-600, log));
}
