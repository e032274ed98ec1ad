import type { IssueState } from "../src/model/issue.ts";
import { isFlowing } from "./life-scenario.ts";
import type { PlantedPattern, Turn } from "./life-scenario.ts";

/** The state of an issue, or that none should be followed yet. */
export type Truth = IssueState | "absent";

const NEWS_HOURS = 72;
const EXPOSURE_HOURS = 24;

const NEWS: Partial<Record<Turn["kind"], IssueState>> = {
  birth: "confirmed",
  growth: "growing",
  shrink: "shrinking",
  regression: "regressed",
};

/**
 * The right state at the end of an hour, from the plan alone, with no allowance for the time it takes to notice: the very
 * hour a rate is turned, the truth turns. News last three days, no exposure means none for 24 hours, as documented.
 */
export function truthAt(pattern: PlantedPattern, hour: number, outage: { from: number; to: number }): Truth {
  const last = pattern.turns.findLast((turn) => turn.hour < hour && turn.kind !== "gap" && turn.kind !== "back");
  if (last === undefined) return "absent";
  let flowing = false;
  for (let back = 1; back <= EXPOSURE_HOURS; back += 1) flowing ||= isFlowing(pattern, hour - back, outage);
  if (!flowing) return "no_exposure";
  if (pattern.kind === "noise") return "candidate";
  if (last.kind === "fix") return "resolved";
  return hour - last.hour <= NEWS_HOURS ? (NEWS[last.kind] ?? "stable") : "stable";
}

/** Whether the truth turned in the day before `hour`: a day on which also the state of the day before may be shown. */
export function turnedLately(pattern: PlantedPattern, hour: number, outage: { from: number; to: number }): Truth[] {
  const truths = new Set<Truth>();
  for (let back = 0; back <= 24; back += 1) truths.add(truthAt(pattern, hour - back, outage));
  return [...truths];
}
