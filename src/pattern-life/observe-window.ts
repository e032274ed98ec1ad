import { eBenjaminiHochberg } from "../internal/statistics/e-benjamini-hochberg.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { FollowedPattern, IssueEvent, WindowObservation } from "../model/issue.ts";
import { decide } from "./decide.ts";
import type { Thresholds } from "./decide.ts";
import { exposedRuns, gather, openTrials, trialValue } from "./gather.ts";
import type { Trial } from "./gather.ts";
import { resolveLifeOptions } from "./life-options.ts";
import type { LifeOptions, ResolvedLifeOptions } from "./life-options.ts";
import { transition } from "./transition.ts";
import type { LifeStep } from "./transition.ts";

/**
 * What one window of fresh data does to one issue: its new state and the events of the change. Pure. Feed every issue
 * every window, also empty ones: silence is what `no_exposure` is made of.
 *
 * A window that was counted already (a retry) changes nothing. Merged and dismissed issues stay as they are.
 * @throws LoopsmithError `invalid` when the window overlaps counted data in part, or its counts contradict each other.
 */
export function observeWindow(issue: FollowedPattern, seen: WindowObservation, options: LifeOptions = {}): LifeStep {
  const resolved = resolveLifeOptions(options);
  return settle(look(issue, seen, resolved), alone(resolved), resolved);
}

/**
 * The same for all followed issues at once, which is the way to use it: with many issues some rate always seems to move, so
 * each kind of decision goes through e-BH over the issues it is open for. Confirmations keep their false discovery
 * rate at `1 / confirmAt`, and false trends of one kind come on at most one occasion per `falseTrendEveryMs` in all.
 */
export function observeWindows(
  observed: readonly { issue: FollowedPattern; seen: WindowObservation }[],
  options: LifeOptions = {},
): { issues: FollowedPattern[]; events: IssueEvent[] } {
  const resolved = resolveLifeOptions(options);
  const looks = observed.map(({ issue, seen }) => look(issue, seen, resolved));
  const familyOf = (trial: Trial): number[] =>
    looks
      .filter(({ issue, idle }) => !idle && openTrials(issue.state).includes(trial))
      .map(({ issue }) => trialValue(issue.evidence, trial, resolved));
  const thresholds: Thresholds = {
    confirmation: eBenjaminiHochberg(familyOf("confirmation"), 1 / resolved.confirmAt),
    rise: eBenjaminiHochberg(familyOf("rise"), 1),
    fall: eBenjaminiHochberg(familyOf("fall"), 1),
    comeback: eBenjaminiHochberg(familyOf("comeback"), 1),
  };
  const steps = looks.map((one) => settle(one, thresholds, resolved));
  return { issues: steps.map(({ state }) => state), events: steps.flatMap(({ events }) => events) };
}

/** An issue with the window's evidence in, before anything is decided on it. */
interface Look {
  issue: FollowedPattern;
  seen: WindowObservation;
  /** Nothing to decide: merged, dismissed, or counted before. */
  idle: boolean;
  /** Events of exposure coming back. */
  events: IssueEvent[];
}

function look(issue: FollowedPattern, seen: WindowObservation, options: ResolvedLifeOptions): Look {
  if (issue.mergedInto !== null || issue.dismissedAt !== null || seen.to <= issue.observedTo) {
    return { issue, seen, idle: true, events: [] };
  }
  check(issue, seen);
  const counted = { ...issue, observedTo: seen.to };
  if (exposedRuns(seen) === 0) return { issue: counted, seen, idle: false, events: [] };

  const back = issue.state === "no_exposure" ? returned(counted, seen.to) : { state: counted, events: [] };
  const evidence = gather(back.state, seen, options);
  const lastSeenAt = seen.failing > 0 ? seen.to : issue.lastSeenAt;
  return {
    issue: { ...back.state, evidence, lastSeenAt, lastExposedAt: seen.to },
    seen,
    idle: false,
    events: back.events,
  };
}

function settle({ issue, seen, idle, events }: Look, thresholds: Thresholds, options: ResolvedLifeOptions): LifeStep {
  if (idle) return { state: issue, events };
  if (exposedRuns(seen) === 0) return unexposed(issue, seen.to, options);
  const step = decide(issue, seen, thresholds, options);
  return { state: step.state, events: [...events, ...step.events] };
}

function returned(issue: FollowedPattern, at: number): LifeStep {
  const to = issue.before === "candidate" || issue.before === "resolved" ? issue.before : "stable";
  return transition(issue, { type: "pattern:exposed", to, at, why: "exposed runs are back" });
}

function unexposed(issue: FollowedPattern, at: number, options: ResolvedLifeOptions): LifeStep {
  const quiet = at - issue.lastExposedAt;
  if (issue.state === "no_exposure" || quiet < options.exposureMs) return { state: issue, events: [] };
  const why = `no run on which it could have shown for ${Math.round(quiet / 3_600_000)} hours`;
  return transition(issue, { type: "pattern:no_exposure", to: "no_exposure", at, why });
}

/** Thresholds of an issue that is judged by itself. */
function alone({ confirmAt }: ResolvedLifeOptions): Thresholds {
  return { confirmation: confirmAt, rise: 1, fall: 1, comeback: 1 };
}

function check(issue: FollowedPattern, seen: WindowObservation): void {
  const { from, to, failing, failures, passing, passes } = seen;
  const exposed = exposedRuns(seen);
  const counts = [failing, failures, passing, passes, exposed];
  const wrong =
    (!(from < to) && "it does not end after it begins") ||
    (from < issue.observedTo && `it overlaps data counted up to ${new Date(issue.observedTo).toISOString()}`) ||
    (!counts.every((count) => Number.isInteger(count) && count >= 0) && "a count is not a whole number of 0 or more") ||
    ((failing > failures || passing > passes) && "more runs match than there are") ||
    ((exposed < failing + passing || exposed > failures + passes) && "exposed runs must include the matching ones");
  if (wrong === false) return;
  throw new LoopsmithError("invalid", `Window of issue ${issue.id} cannot be counted: ${wrong}`, {
    hint: "Give disjoint windows in order of time, each with whole counts.",
    details: { from, to, failing, failures, passing, passes, exposed },
  });
}
