import type { Counts } from "../../internal/statistics/fisher.ts";
import type { RiskRatio } from "../../internal/statistics/risk-ratio.ts";
import type { Itemset } from "./count-request.ts";
import { layeredRisk, layeredZ, summed } from "./layers.ts";
import type { Layers } from "./layers.ts";

/** A conjunction that passed its tests. */
export interface Candidate extends Counts {
  items: Itemset;
  /** The counts, by stratum. */
  layers: Layers;
  /** One-sided p of being over-represented. */
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
  /** What ranks it for display: share of failures times the excess of the risk ratio's lower bound over 1. */
  score: number;
}

export function candidateOf(
  items: Itemset,
  layers: Layers,
  { p, strictP, q }: Pick<Candidate, "p" | "strictP" | "q">,
  designEffect = 1,
): Candidate {
  const counts = summed(layers);
  const risk = layeredRisk(layers, designEffect);
  return {
    items,
    ...counts,
    layers,
    p,
    strictP,
    q,
    sureness: sureness(layers, items.length, designEffect),
    risk,
    designEffect,
    score: (counts.failing / counts.failures) * (risk.low - 1),
  };
}

/** What one more condition must add to the evidence: twice the log of a thousand conditions it could have been. */
const CONDITION_COST = 2 * Math.log(1000);

/**
 * How surely these conditions, and not fewer, belong to failing: z squared (about twice the log likelihood ratio against
 * independence, clusters considered) less a cost for each condition. The conditions that really matter give the sharpest
 * contrast of all their relatives; the cost keeps out one that happens to sharpen it a little more.
 */
export function sureness(layers: Layers, conditions: number, designEffect: number): number {
  const z = layeredZ(layers);
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
