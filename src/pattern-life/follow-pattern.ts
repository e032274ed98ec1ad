import type { FollowedPattern, IssueLink } from "../model/issue.ts";
import type { Pattern } from "../model/pattern.ts";
import { startEvidence } from "./epoch.ts";
import { CONFIRM_RATIOS } from "./gather.ts";
import { issueId } from "./identity.ts";
import { resolveLifeOptions } from "./life-options.ts";
import type { LifeOptions } from "./life-options.ts";
import { isMuted, transition } from "./transition.ts";
import type { LifeStep } from "./transition.ts";

/**
 * Starts to follow a mined pattern, as a candidate. `window` is what it was mined from: everything up to its end is spent,
 * only later data can confirm it.
 */
export function followPattern(
  pattern: Pick<Pattern, "predicates" | "sentence" | "exemplars">,
  window: { from: number; to: number },
  options: LifeOptions = {},
): LifeStep {
  const { trendRatios } = resolveLifeOptions(options);
  const at = window.to;
  const why = "mined from a window of traces";
  const state: FollowedPattern = {
    id: issueId(pattern.predicates),
    predicates: pattern.predicates.map((predicate) => ({ ...predicate })),
    aliases: [],
    sentence: pattern.sentence,
    state: "candidate",
    since: at,
    decidedAt: at,
    before: null,
    firstSeenAt: at,
    lastSeenAt: at,
    lastExposedAt: at,
    observedTo: at,
    resolvedAt: null,
    dismissedAt: null,
    assignee: null,
    note: "",
    muted: null,
    mergedInto: null,
    links: pattern.exemplars.map((id) => ({ kind: "trace" as const, id, at })),
    history: [{ at, from: null, to: "candidate", why, who: "loopsmith" }],
    evidence: startEvidence(at, CONFIRM_RATIOS.length, trendRatios.length),
  };
  const event = { type: "pattern:new" as const, issueId: state.id, sentence: state.sentence, at, from: null };
  return { state, events: [{ ...event, to: "candidate", why, evidence: 1, muted: false }] };
}

/**
 * The miner showed a followed pattern again: the sentence and exemplars are renewed. A dismissed candidate gets another
 * chance with fresh evidence; every other state is decided by windows alone, since a mining window reaches back to data
 * that were counted already.
 */
export function seePattern(
  issue: FollowedPattern,
  pattern: Pick<Pattern, "sentence" | "exemplars">,
  window: { from: number; to: number },
): LifeStep {
  const seen = {
    ...issue,
    sentence: pattern.sentence,
    links: withExemplars(issue.links, pattern.exemplars, window.to),
  };
  if (issue.dismissedAt === null) return { state: seen, events: [] };

  const { state, events } = transition(seen, {
    type: "pattern:new",
    to: "candidate",
    at: window.to,
    why: "mined again after it had been dismissed",
  });
  const fresh = startEvidence(window.to, CONFIRM_RATIOS.length, issue.evidence.rise.capitals.length);
  return {
    state: {
      ...state,
      dismissedAt: null,
      lastExposedAt: window.to,
      observedTo: Math.max(issue.observedTo, window.to),
      evidence: fresh,
    },
    events: events.map((event) => ({ ...event, muted: isMuted(issue, window.to) })),
  };
}

/** Exemplars come with every mining run; the newest are kept, and every link of another kind. */
const MAX_EXEMPLARS = 50;

function withExemplars(links: readonly IssueLink[], exemplars: readonly string[], at: number): IssueLink[] {
  const known = new Set(links.filter(({ kind }) => kind === "trace").map(({ id }) => id));
  const fresh = exemplars.filter((id) => !known.has(id)).map((id) => ({ kind: "trace" as const, id, at }));
  const surplus = known.size + fresh.length - MAX_EXEMPLARS;
  let dropped = 0;
  // A trace that a person gave a label is not one of ours to drop.
  const kept = links.filter(({ kind, label }) => kind !== "trace" || label !== undefined || (dropped += 1) > surplus);
  return [...kept, ...fresh];
}
