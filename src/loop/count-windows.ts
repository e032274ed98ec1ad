import type { FollowedPattern, IssueEvent, WindowObservation } from "../model/issue.ts";
import type { FeatureRow } from "../model/pattern.ts";
import { observeRows } from "../pattern-life/exposure.ts";
import type { LifeOptions } from "../pattern-life/life-options.ts";
import { observeWindows } from "../pattern-life/observe-window.ts";
import type { LearnableVerdict } from "../store/resource/bucket.ts";
import type { RunCounts } from "./learn-state.ts";

/**
 * Adds verdicts that came after their window had been counted to what each issue's next window will count: a run counts once,
 * when it becomes known. First verdicts only; a changed verdict of a counted run cannot be taken back out of the evidence.
 */
export function addLate(
  late: Readonly<Record<string, RunCounts>>,
  issues: readonly FollowedPattern[],
  learned: readonly LearnableVerdict[],
): Record<string, RunCounts> {
  const sums = { ...late };
  const rows = learned
    .filter(({ revision, outcome }) => revision === 1 && (outcome === "pass" || outcome === "fail"))
    .map(({ row }) => row);
  for (const issue of issues) {
    const range = { from: issue.firstSeenAt, to: issue.observedTo };
    const counts = observeRows(issue, rows, range);
    if (counts.failures + counts.passes > 0) sums[issue.id] = addCounts(counts, sums[issue.id]);
  }
  return sums;
}

/** One closed window for all issues; each sees the part of it that lies behind what it has counted, and what came late before. */
export function countWindow(
  issues: readonly FollowedPattern[],
  rows: readonly FeatureRow[],
  { from, to }: { from: number; to: number },
  late: Readonly<Record<string, RunCounts>>,
  life: LifeOptions,
): { issues: FollowedPattern[]; events: IssueEvent[] } {
  const fresh = issues.filter((issue) => issue.observedTo < to);
  const observed = fresh.map((issue) => {
    const window = { from: Math.max(from, issue.observedTo), to };
    const seen: WindowObservation = { ...window, ...addCounts(observeRows(issue, rows, window), late[issue.id]) };
    return { issue, seen };
  });
  const step = observeWindows(observed, life);
  return { issues: [...step.issues, ...issues.filter((issue) => issue.observedTo >= to)], events: step.events };
}

function addCounts(a: RunCounts, b: RunCounts | undefined): RunCounts {
  return {
    failing: a.failing + (b?.failing ?? 0),
    failures: a.failures + (b?.failures ?? 0),
    passing: a.passing + (b?.passing ?? 0),
    passes: a.passes + (b?.passes ?? 0),
    exposed: a.exposed + (b?.exposed ?? 0),
  };
}
