import type { FollowedPattern, IssueEvent } from "../../model/issue.ts";
import type { FeatureRow } from "../../model/pattern.ts";
import { observeRows } from "../../pattern-life/exposure.ts";
import type { LifeOptions } from "../../pattern-life/life-options.ts";
import { observeWindows } from "../../pattern-life/observe-window.ts";
import type { LearnableVerdict } from "../../store/resource/bucket.ts";
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
    if (counts.failures + counts.passes > 0) sums[issue.id] = addCounts(counts, sums[issue.id] ?? NONE);
  }
  return sums;
}

/**
 * One closed window for all issues; each sees the part of it that lies behind what it has counted, and what came late before.
 * `pages` are the window's runs, never all of them at once.
 */
export async function countWindow(
  issues: readonly FollowedPattern[],
  pages: AsyncIterable<readonly FeatureRow[]>,
  { from, to }: { from: number; to: number },
  late: Readonly<Record<string, RunCounts>>,
  life: LifeOptions,
): Promise<{ issues: FollowedPattern[]; events: IssueEvent[] }> {
  const open = issues
    .filter((issue) => issue.observedTo < to)
    .map((issue) => ({ issue, from: Math.max(from, issue.observedTo), counts: late[issue.id] ?? NONE }));
  if (open.length > 0) {
    for await (const rows of pages) {
      for (const one of open) one.counts = addCounts(observeRows(one.issue, rows, { from: one.from, to }), one.counts);
    }
  }
  const observed = open.map(({ issue, from: start, counts }) => ({ issue, seen: { from: start, to, ...counts } }));
  const step = observeWindows(observed, life);
  return { issues: [...step.issues, ...issues.filter((issue) => issue.observedTo >= to)], events: step.events };
}

const NONE: RunCounts = { failing: 0, failures: 0, passing: 0, passes: 0, exposed: 0 };

function addCounts(a: RunCounts, b: RunCounts): RunCounts {
  return {
    failing: a.failing + b.failing,
    failures: a.failures + b.failures,
    passing: a.passing + b.passing,
    passes: a.passes + b.passes,
    exposed: a.exposed + b.exposed,
  };
}
