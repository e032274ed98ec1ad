import { isRateBelow, rateUpperBound } from "../internal/statistics/confidence-sequence.ts";
import type { FollowedPattern, IssueState, WindowObservation } from "../model/issue.ts";
import { goneBelow, peakRate, turnEpoch } from "./epoch.ts";
import { trialValue } from "./gather.ts";
import type { Trial } from "./gather.ts";
import type { ResolvedLifeOptions } from "./life-options.ts";
import { transition } from "./transition.ts";
import type { LifeStep } from "./transition.ts";

/** Evidence at which each trial decides. */
export type Thresholds = Record<Trial, number>;

const NEWS: ReadonlySet<IssueState> = new Set(["confirmed", "growing", "shrinking", "regressed"]);

/** The state that follows from the evidence in hand, for an issue whose window held exposed runs. */
export function decide(
  issue: FollowedPattern,
  seen: WindowObservation,
  thresholds: Thresholds,
  options: ResolvedLifeOptions,
): LifeStep {
  if (issue.state === "candidate") return decideCandidate(issue, seen, thresholds, options);
  if (issue.state === "resolved") return decideResolved(issue, seen, thresholds, options);
  return decideActive(issue, seen, thresholds, options);
}

function decideCandidate(
  issue: FollowedPattern,
  { to: at }: WindowObservation,
  thresholds: Thresholds,
  options: ResolvedLifeOptions,
): LifeStep {
  const evidence = trialValue(issue.evidence, "confirmation", options);
  if (evidence >= thresholds.confirmation) {
    const why = `failures kept gathering on it in data it was not mined from (e-value ${figure(evidence)})`;
    return transition(issue, { type: "pattern:confirmed", to: "confirmed", at, why, evidence, since: issue.since });
  }
  if (at - issue.decidedAt < options.candidateMs) return { state: issue, events: [] };
  const why = `not confirmed in ${days(options.candidateMs)} (e-value ${figure(evidence)})`;
  const { state, events } = transition(issue, { type: "pattern:dismissed", to: "candidate", at, why, evidence });
  return { state: { ...state, dismissedAt: at }, events };
}

function decideResolved(
  issue: FollowedPattern,
  { to: at }: WindowObservation,
  thresholds: Thresholds,
  options: ResolvedLifeOptions,
): LifeStep {
  const { comeback } = issue.evidence;
  const evidence = trialValue(issue.evidence, "comeback", options);
  if (evidence < thresholds.comeback) return { state: issue, events: [] };
  const { failing, total, from: since } = comeback.suspect;
  const why = `back at ${percent(failing / total)} of exposed runs, after it had fallen below ${percent(goneBelow(issue.evidence, options.resolveFraction))}`;
  const { state, events } = transition(issue, { type: "pattern:regressed", to: "regressed", at, why, evidence, since });
  return { state: turnEpoch(state, at, options), events };
}

function decideActive(
  issue: FollowedPattern,
  { to: at }: WindowObservation,
  thresholds: Thresholds,
  options: ResolvedLifeOptions,
): LifeStep {
  for (const [trial, to, verb] of [
    ["rise", "growing", "rose"],
    ["fall", "shrinking", "fell"],
  ] as const) {
    const evidence = trialValue(issue.evidence, trial, options);
    if (evidence < thresholds[trial]) continue;
    const { failing, total, from: since } = issue.evidence[trial].suspect;
    const was = issue.evidence.epoch.reference;
    const why = `its rate ${verb} to about ${percent(failing / total)} from ${percent(was.failing / was.total)} of exposed runs`;
    const { state, events } = transition(issue, { type: `pattern:${to}`, to, at, why, evidence, since });
    return { state: turnEpoch(state, at, options), events };
  }
  const resolved = resolution(issue, options);
  if (resolved !== null) {
    const { state, events } = transition(issue, { type: "pattern:resolved", to: "resolved", at, why: resolved });
    return { state: turnEpoch(state, at, options), events };
  }
  if (NEWS.has(issue.state) && at - issue.since >= options.newsMs) {
    return transition(issue, {
      type: "pattern:stable",
      to: "stable",
      at,
      why: `no change for ${days(options.newsMs)}`,
    });
  }
  return { state: issue, events: [] };
}

/**
 * Why the issue counts as resolved, or `null`. Two ways, both counted from the fall on and both fit for looking after every
 * window: the upper end of the rate's confidence sequence is below the bound; or the first `3 / bound` exposed runs held no
 * hit at all (the rule of three: of a rate at the bound that has chance e^-3).
 */
function resolution(
  { evidence }: FollowedPattern,
  { resolveFraction, confidence }: ResolvedLifeOptions,
): string | null {
  const { failing, exposed } = evidence.epoch;
  const bound = goneBelow(evidence, resolveFraction);
  const peak = peakRate(evidence);
  if (bound <= 0 || exposed <= 0) return null;
  if (failing === 0 && exposed >= 3 / bound) {
    return `no hit in ${Math.floor(exposed)} exposed runs, where its old rate would have given ${Math.round(exposed * peak)}`;
  }
  if (!isRateBelow(failing, exposed, bound, confidence)) return null;
  const high = rateUpperBound(failing, exposed, confidence);
  return `its rate is at most ${percent(high)} of exposed runs, against ${percent(peak)} before`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))}%`;
}

function figure(value: number): string {
  return value >= 1e6 ? value.toExponential(1) : String(Number(value.toPrecision(2)));
}

function days(ms: number): string {
  return `${Number((ms / 86_400_000).toPrecision(2))} days`;
}
