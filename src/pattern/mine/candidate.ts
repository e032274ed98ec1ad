import type { Counts } from "../../internal/statistics/fisher.ts";
import { enrichmentZ, fisherGreater } from "../../internal/statistics/fisher.ts";
import { normalQuantile, normalUpperTail } from "../../internal/statistics/normal.ts";
import { riskRatio } from "../../internal/statistics/risk-ratio.ts";
import type { RiskRatio } from "../../internal/statistics/risk-ratio.ts";
import type { Itemset } from "./count-request.ts";

/** A conjunction that passed its tests. */
export interface Candidate extends Counts {
  items: Itemset;
  /** One-sided Fisher exact p. */
  p: number;
  /** The larger of p and the p of its parts doing as well alone. */
  strictP: number;
  /** `strictP` adjusted for everything its depth could form, and for the share of alpha its depth has. */
  q: number;
  /** What selection goes by. */
  sureness: number;
  risk: RiskRatio;
  /** Variance inflation by clusters, 1 when runs are independent. */
  designEffect: number;
  /** What ranks it: share of failures times the excess of the risk ratio's lower bound over 1. */
  score: number;
}

/** Share of failures matched x (lower bound of the risk ratio - 1): large only for what is frequent, strong and sure. */
export function scoreOf({ failing, failures }: Counts, risk: RiskRatio): number {
  return (failing / failures) * (risk.low - 1);
}

export function candidateOf(
  items: Itemset,
  { failing, failures, passing, passes }: Counts,
  tested: Pick<Candidate, "p" | "strictP" | "q">,
  designEffect = 1,
): Candidate {
  const counts = { failing, failures, passing, passes };
  const risk = riskRatio(counts, undefined, designEffect);
  return {
    items,
    ...counts,
    p: tested.p,
    strictP: tested.strictP,
    q: tested.q,
    sureness: sureness(counts, items.length, designEffect),
    risk,
    designEffect,
    score: scoreOf(counts, risk),
  };
}

/** What one more condition must add to the evidence: twice the log of a thousand conditions it could have been. */
const CONDITION_COST = 2 * Math.log(1000);

/**
 * How surely these conditions, and not fewer, belong to failing: z squared (about twice the log likelihood ratio against
 * independence, clusters considered) less a cost for each condition. The conditions that really matter give the sharpest
 * contrast of all their relatives; the cost keeps out one that happens to sharpen it a little more.
 */
export function sureness(counts: Counts, conditions: number, designEffect: number): number {
  const z = enrichmentZ(counts);
  return (z * Math.abs(z)) / designEffect - CONDITION_COST * conditions;
}

/** Order of display: best score first; then fewer conditions, then item order, so that ties do not depend on luck. */
export function byRank(a: Candidate, b: Candidate): number {
  return b.score - a.score || a.items.length - b.items.length || compareItems(a.items, b.items);
}

/** Order of selection: surest first. */
export function bySureness(a: Candidate, b: Candidate): number {
  return b.sureness - a.sureness || a.items.length - b.items.length || compareItems(a.items, b.items);
}

function compareItems(a: Itemset, b: Itemset): number {
  const at = a.findIndex((item, index) => item !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** One-sided Fisher p with its z shrunk by the root of the design effect: exact for independent runs, deflated for clusters. */
export function clusteredP(counts: Counts, designEffect: number): number {
  return deflate(fisherGreater(counts), designEffect);
}

export function deflate(p: number, designEffect: number): number {
  if (designEffect <= 1 || p >= 0.5) return p;
  // Below the smallest double the quantile is not known; that far out any deflation leaves a p that is small enough.
  return normalUpperTail(-normalQuantile(Math.max(p, 1e-300)) / Math.sqrt(designEffect));
}

/** Failing matches beyond what the failure rate of the other runs would give. */
export function excess({ failing, failures, passing, passes }: Counts): number {
  const [matching, others] = [failing + passing, failures + passes - failing - passing];
  return others === 0 ? 0 : failing - (matching * (failures - failing)) / others;
}
