import { LoopsmithError } from "../model/errors.ts";
import type { FollowedPattern, IssueLink } from "../model/issue.ts";
import { remember } from "./transition.ts";

/** Who did something to an issue, and when. */
export interface Actor {
  who: string;
  /** Epoch ms. */
  at: number;
}

/** Gives the issue to someone, or to nobody with `null`. */
export function assignIssue(issue: FollowedPattern, assignee: string | null, { who, at }: Actor): FollowedPattern {
  if (assignee === issue.assignee) return issue;
  return remember({ ...issue, assignee }, at, assignee === null ? "unassigned" : `assigned to ${assignee}`, who);
}

/** Replaces the note. */
export function noteIssue(issue: FollowedPattern, note: string, { who, at }: Actor): FollowedPattern {
  if (note === issue.note) return issue;
  return remember({ ...issue, note }, at, note === "" ? "note removed" : "note changed", who);
}

/** Keeps the issue's events quiet, until `until` (epoch ms) or for good. It is followed as before. */
export function muteIssue(
  issue: FollowedPattern,
  { until = null, why = "" }: { until?: number | null; why?: string },
  { who, at }: Actor,
): FollowedPattern {
  const term = until === null ? "muted" : `muted until ${new Date(until).toISOString()}`;
  return remember({ ...issue, muted: { until, why } }, at, why === "" ? term : `${term}: ${why}`, who);
}

export function unmuteIssue(issue: FollowedPattern, { who, at }: Actor): FollowedPattern {
  return issue.muted === null ? issue : remember({ ...issue, muted: null }, at, "unmuted", who);
}

/** Connections that were found rather than made: they grow without a line in the history. */
export function addLinks(issue: FollowedPattern, links: readonly IssueLink[]): FollowedPattern {
  const known = new Set(issue.links.map(({ kind, id }) => `${kind} ${id}`));
  const fresh = links.filter(({ kind, id }) => {
    const name = `${kind} ${id}`;
    return !known.has(name) && known.add(name);
  });
  return fresh.length === 0 ? issue : { ...issue, links: [...issue.links, ...fresh] };
}

/** Connects the issue with a trace, queue item, dataset, experiment, ...; the same link twice is one. */
export function linkIssue(issue: FollowedPattern, link: Omit<IssueLink, "at">, { who, at }: Actor): FollowedPattern {
  if (issue.links.some(({ kind, id }) => kind === link.kind && id === link.id)) return issue;
  const linked = { ...issue, links: [...issue.links, { ...link, at }] };
  return remember(linked, at, `linked to ${link.kind} ${link.label ?? link.id}`, who);
}

/** Refuses to change what was merged away; its successor is the one to act on. */
export function assertUnmerged(issue: FollowedPattern): void {
  if (issue.mergedInto === null) return;
  throw new LoopsmithError("conflict", `Issue ${issue.id} was merged into ${issue.mergedInto}`, {
    hint: "Act on the issue it was merged into.",
  });
}
