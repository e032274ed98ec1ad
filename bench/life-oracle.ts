import type { WindowObservation } from "../src/model/issue.ts";
import type { PlantedPattern } from "./life-scenario.ts";

/** One false piece of news in 30 days of hours, which is what issues promise too: CUSUM's run length is at least e^h (Lorden, 1971). */
const ENOUGH = Math.log(30 * 24);

/**
 * An observer that knows the rate before every turn, the rate after it, and which turn comes next; all it has to notice is
 * that it has happened, by the likelihood ratio of the two rates (Page's CUSUM, the quickest there is at its rate of false alarms).
 * Days on which not even it is sure of a turn are days on which the right state cannot be known from the data.
 */
export interface Oracle {
  rate: number;
  /** The turn it has not noticed yet. */
  pending: { before: number; after: number; evidence: number } | null;
}

export function startOracle(): Oracle {
  return { rate: 0, pending: null };
}

export function stepOracle(
  oracle: Oracle,
  { rates }: PlantedPattern,
  hour: number,
  { failing, exposed = 0 }: WindowObservation,
): void {
  const now = rates.findLast((step) => step.hour <= hour)?.rate ?? oracle.rate;
  if (hour > 0 && now !== oracle.rate) {
    // A turn that comes before the last one was noticed is held against what was last known.
    const before = oracle.pending?.before ?? oracle.rate;
    oracle.pending = before === now ? null : { before, after: now, evidence: 0 };
  }
  oracle.rate = now;
  const { pending } = oracle;
  if (pending === null) return;
  const { before, after } = pending;
  const gain = failing * Math.log(after / before) + (exposed - failing) * Math.log((1 - after) / (1 - before));
  pending.evidence = Math.max(0, pending.evidence + gain);
  if (pending.evidence >= ENOUGH) oracle.pending = null;
}
