import { LoopsmithError } from "../model/errors.ts";
import { ISSUE_STATES, type FollowedPattern, type IssueLink, type IssueState } from "../model/issue.ts";
import {
  assertUnmerged,
  assignIssue,
  linkIssue,
  muteIssue,
  noteIssue,
  unmuteIssue,
  type Actor,
} from "../pattern-life/act-on-issue.ts";
import { mergeIssues } from "../pattern-life/merge-issues.ts";
import type { Predicate } from "../model/pattern.ts";
import type { Store } from "../store/store.ts";
import { resolveUntil, resolveWindow, type WindowOption } from "./window.ts";

export interface IssuesOptions {
  states?: readonly IssueState[];
  /** Dismissed candidates and issues merged into others too. @default false */
  all?: boolean;
  /** Only those that a failing run showed in this window. @default any time */
  window?: WindowOption;
  /** Only those whose pattern has all of these conditions. @default all */
  where?: readonly Predicate[];
}

/** What a person may do to an issue. */
export type IssueAction =
  | { do: "assign"; to: string | null }
  | { do: "note"; text: string }
  | { do: "mute"; until?: number | null; why?: string }
  | { do: "unmute" }
  | { do: "link"; link: Omit<IssueLink, "at"> }
  | { do: "merge"; into: string };

/** The issues of a loop, the most recently changed first. */
export async function loopIssues(
  store: Store,
  loopId: string,
  options: IssuesOptions = {},
): Promise<FollowedPattern[]> {
  for (const state of options.states ?? []) {
    if (!ISSUE_STATES.includes(state)) {
      throw new LoopsmithError("invalid", `there is no issue state "${state}"`, {
        hint: `Use one of ${ISSUE_STATES.join(", ")}.`,
      });
    }
  }
  const range = options.window === undefined ? null : resolveWindow(options.window, store.now());
  const has = (issue: FollowedPattern, wanted: Predicate): boolean =>
    [issue.predicates, ...issue.aliases].some((set) => set.some((one) => isSame(one, wanted)));
  return (await store.issueList({ loopId }))
    .filter((issue) => range === null || (issue.lastSeenAt >= range.from && issue.firstSeenAt < range.to))
    .filter((issue) => (options.where ?? []).every((wanted) => has(issue, wanted)))
    .filter((issue) => options.all || (issue.mergedInto === null && issue.dismissedAt === null))
    .filter((issue) => !options.states || options.states.includes(issue.state))
    .sort((a, b) => b.decidedAt - a.decidedAt || (a.id < b.id ? -1 : 1));
}

function isSame(a: Predicate, b: Predicate): boolean {
  return a.feature === b.feature && a.operator === b.operator && a.value === b.value;
}

/**
 * Finds an issue by its id or an unambiguous beginning of it.
 * @throws LoopsmithError `not_found`, or `invalid` when several begin so
 */
export async function findIssue(store: Store, loopId: string, id: string): Promise<FollowedPattern> {
  const found = (await store.issueList({ loopId })).filter((issue) => issue.id.startsWith(id));
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new LoopsmithError(
    found.length > 1 ? "invalid" : "not_found",
    `${found.length || "no"} issues begin with "${id}"`,
    {
      hint: "`loopsmith issues --all` lists them with their ids.",
    },
  );
}

/** Changes made by somebody else in between are kept: the action is applied again to the newest state. */
const MAX_TRIES = 10;

/**
 * Does one thing to one issue, and writes it into its history.
 * @throws LoopsmithError `not_found`; `conflict` for an issue that was merged away; `invalid` for a silence that is over already
 */
export async function actOnIssue(
  store: Store,
  loopId: string,
  id: string,
  action: IssueAction,
  who: string,
): Promise<FollowedPattern> {
  if (action.do === "mute" && typeof action.until === "number") resolveUntil(action.until, store.now());
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const issue = await findIssue(store, loopId, id);
    assertUnmerged(issue);
    const actor: Actor = { who, at: store.now() };
    if (action.do === "merge") {
      const target = await findIssue(store, loopId, action.into);
      const merged = mergeIssues(issue, target, actor);
      const changes = [
        { before: issue, after: merged.source },
        { before: target, after: merged.target },
      ];
      if (await store.issueReplace({ loopId, changes })) return merged.target;
      continue;
    }
    const after = apply(issue, action, actor);
    if (after === issue || (await store.issueReplace({ loopId, changes: [{ before: issue, after }] }))) return after;
  }
  throw new LoopsmithError("conflict", `issue ${id} keeps changing`, { hint: "Try again." });
}

function apply(issue: FollowedPattern, action: Exclude<IssueAction, { do: "merge" }>, actor: Actor): FollowedPattern {
  switch (action.do) {
    case "assign":
      return assignIssue(issue, action.to, actor);
    case "note":
      return noteIssue(issue, action.text, actor);
    case "mute":
      return muteIssue(issue, action, actor);
    case "unmute":
      return unmuteIssue(issue, actor);
    case "link":
      return linkIssue(issue, action.link, actor);
    default:
      return action satisfies never;
  }
}
