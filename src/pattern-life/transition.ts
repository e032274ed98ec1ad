import type { FollowedPattern, IssueEvent, IssueEventType, IssueState } from "../model/issue.ts";

/** A new state of an issue, and what others should hear about it. */
export interface LifeStep {
  state: FollowedPattern;
  events: IssueEvent[];
}

export interface Change {
  type: IssueEventType;
  to: IssueState;
  at: number;
  why: string;
  who?: string;
  evidence?: number;
  /** When the change began, by estimate. @default when it was decided */
  since?: number;
}

/** Moves an issue to `to`, writes the history line and the event. Renews `since` also when the state stays the same. */
export function transition(issue: FollowedPattern, change: Change): LifeStep {
  const { type, to, at, why, who = "loopsmith", evidence = 1, since = at } = change;
  const noted = remember(issue, at, why, who, to);
  const state: FollowedPattern = {
    ...noted,
    state: to,
    since: Math.min(at, Math.max(since, issue.firstSeenAt)),
    decidedAt: at,
    before: to === "no_exposure" ? issue.state : null,
    resolvedAt: to === "resolved" && ![issue.state, issue.before].includes("resolved") ? at : issue.resolvedAt,
  };
  const event = { type, issueId: issue.id, sentence: issue.sentence, at, from: issue.state, to, why, evidence };
  return { state, events: [{ ...event, muted: isMuted(issue, at) }] };
}

/** Adds a line to the history. Time never runs backwards in it, whatever clock the caller has. */
export function remember(
  issue: FollowedPattern,
  at: number,
  why: string,
  who: string,
  to: IssueState = issue.state,
): FollowedPattern {
  const last = issue.history.at(-1)?.at ?? at;
  return { ...issue, history: [...issue.history, { at: Math.max(at, last), from: issue.state, to, why, who }] };
}

/** Whether events of the issue are to be kept quiet at `at`. */
export function isMuted({ muted }: FollowedPattern, at: number): boolean {
  return muted !== null && (muted.until === null || at < muted.until);
}
