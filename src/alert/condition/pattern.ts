import type { IssueEvent, IssueEventType } from "../../model/issue.ts";
import type { PatternCondition, PatternMemory } from "../../model/alert.ts";
import type { Reading } from "./reading.ts";

/** After these there is nothing left to be alarmed about. */
const OVER: ReadonlySet<IssueEventType> = new Set<IssueEventType>([
  "pattern:resolved",
  "pattern:stable",
  "pattern:no_exposure",
  "pattern:dismissed",
  "pattern:merged",
]);

/** Each issue is its own matter: every event asked for is told, also while others are open. Events of muted issues are left out. */
export function readPatterns(
  { on, issueIds }: PatternCondition & { on: readonly IssueEventType[] },
  memory: PatternMemory,
  events: readonly IssueEvent[],
): Reading<PatternMemory> {
  const open = { ...memory.open };
  const fresh: IssueEvent[] = [];
  for (const event of events) {
    if (issueIds !== undefined && !issueIds.includes(event.issueId)) continue;
    if (on.includes(event.type) && !event.muted) {
      fresh.push(event);
      open[event.issueId] = { type: event.type, at: event.at, sentence: event.sentence };
    } else if (OVER.has(event.type)) {
      delete open[event.issueId];
    }
  }
  const ids = Object.keys(open);
  const text = (): string => describe(fresh, ids.length);
  const data = {
    open: ids,
    events: fresh.map(({ type, issueId, sentence, why, at, evidence }) => ({
      type,
      issueId,
      sentence,
      why,
      at,
      evidence,
    })),
  };
  const verdict = fresh.length > 0 ? "breach" : ids.length > 0 ? "hold" : "clear";
  return { memory: { kind: "pattern", open }, verdict, text, data, news: fresh.length > 0 };
}

function describe(fresh: readonly IssueEvent[], open: number): string {
  if (fresh.length > 0) {
    return fresh.map(({ type, sentence, why }) => `${type.replace("pattern:", "")}: ${sentence} (${why})`).join("\n");
  }
  return open === 0 ? "No pattern is new, growing or back" : `${open} patterns are new, growing or back`;
}
