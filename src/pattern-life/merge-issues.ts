import { LoopsmithError } from "../model/errors.ts";
import type { FollowedPattern, IssueEvent, IssueState } from "../model/issue.ts";
import { assertUnmerged } from "./act-on-issue.ts";
import type { Actor } from "./act-on-issue.ts";
import { turnEpoch } from "./epoch.ts";
import { resolveLifeOptions } from "./life-options.ts";
import type { LifeOptions } from "./life-options.ts";
import { remember, transition } from "./transition.ts";

/** How much a state says; the merged issue takes the stronger one. */
const WEIGHT: Record<IssueState, number> = {
  candidate: 0,
  no_exposure: 1,
  resolved: 2,
  stable: 3,
  shrinking: 3,
  confirmed: 3,
  growing: 4,
  regressed: 4,
};

/**
 * Two issues are one: `source` points to `target` from now on and is not counted any more, `target` also stands for the
 * source's predicates (`issueMatches` counts a run once, whichever it meets), keeps the earlier first sight and both
 * sets of links. Its rate is now that of the union, so its trend starts afresh.
 * @throws LoopsmithError `invalid` for an issue with itself, `conflict` when either was merged already.
 */
export function mergeIssues(
  source: FollowedPattern,
  target: FollowedPattern,
  { who, at }: Actor,
  options: LifeOptions = {},
): { source: FollowedPattern; target: FollowedPattern; events: IssueEvent[] } {
  if (source.id === target.id) {
    throw new LoopsmithError("invalid", "An issue cannot be merged into itself", {
      hint: "Name two different issues.",
    });
  }
  assertUnmerged(source);
  assertUnmerged(target);

  const state = WEIGHT[source.state] > WEIGHT[target.state] ? source.state : target.state;
  const known = new Set(target.links.map(({ kind, id }) => `${kind} ${id}`));
  const union: FollowedPattern = {
    ...target,
    aliases: [...target.aliases, source.predicates, ...source.aliases],
    firstSeenAt: Math.min(source.firstSeenAt, target.firstSeenAt),
    lastSeenAt: Math.max(source.lastSeenAt, target.lastSeenAt),
    lastExposedAt: Math.max(source.lastExposedAt, target.lastExposedAt),
    observedTo: Math.max(source.observedTo, target.observedTo),
    before: state === target.state ? target.before : source.before,
    links: [
      ...target.links,
      ...source.links.filter(({ kind, id }) => !known.has(`${kind} ${id}`)),
      { kind: "issue", id: source.id, label: source.sentence, at },
    ],
  };
  const merged = transition(source, {
    type: "pattern:merged",
    to: source.state,
    at,
    who,
    why: `merged into ${target.id}`,
  });
  const noted = remember(union, at, `took in ${source.id}: ${source.sentence}`, who, state);
  const fresh = turnEpoch(
    { ...noted, state, since: at, decidedAt: at, dismissedAt: null },
    union.observedTo,
    resolveLifeOptions(options),
  );
  return {
    source: { ...merged.state, mergedInto: target.id, before: source.before },
    target: { ...fresh, evidence: { ...fresh.evidence, peak: Math.max(fresh.evidence.peak, source.evidence.peak) } },
    events: merged.events,
  };
}
