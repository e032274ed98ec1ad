import { enrichmentZ, fisherGreater } from "../../internal/statistics/fisher.ts";
import type { Counts } from "../../internal/statistics/fisher.ts";
import { mantelHaenszelRatio, mantelHaenszelZ } from "../../internal/statistics/mantel-haenszel.ts";
import { normalQuantile, normalUpperTail } from "../../internal/statistics/normal.ts";
import { riskRatio } from "../../internal/statistics/risk-ratio.ts";
import type { RiskRatio } from "../../internal/statistics/risk-ratio.ts";
import { askCells } from "./count-request.ts";
import type { Asking, Itemset } from "./count-request.ts";

/** How often a conjunction shows among failing and passing runs, apart for each group of runs that may be compared. */
export type Layers = readonly Counts[];

/**
 * Layers of each candidate given the shown patterns: runs are only compared with runs that match the same ones (and lie in the
 * same stratum), so what the shown patterns explain drops out. A stratum is the itemset that marks its runs.
 */
export function* askLayers(
  strata: readonly Itemset[],
  shown: readonly Itemset[],
  candidates: readonly Itemset[],
): Asking<Layers[]> {
  // In an order that does not depend on where runs lie, so that sums are the same to the last bit.
  const cells = [...(yield* askCells(strata, shown, candidates))].sort(([a], [b]) => a - b).map(([, cell]) => cell);
  return candidates.map((_, at) =>
    cells.map(({ failing, failures, passing, passes }) => {
      return { failing: failing[at] ?? 0, failures, passing: passing[at] ?? 0, passes };
    }),
  );
}

/** All layers together. */
export function summed(layers: Layers): Counts {
  const sum = { failing: 0, failures: 0, passing: 0, passes: 0 };
  for (const { failing, failures, passing, passes } of layers) {
    sum.failing += failing;
    sum.failures += failures;
    sum.passing += passing;
    sum.passes += passes;
  }
  return sum;
}

/** The inner conjunction among the runs of the outer one. */
export function within(inner: Layers, outer: Layers): Layers {
  return inner.map(({ failing, passing }, at) => {
    return { failing, failures: outer[at]?.failing ?? 0, passing, passes: outer[at]?.passing ?? 0 };
  });
}

/**
 * One-sided p of being over-represented among failures. Fisher's exact test; with several layers the larger of that and the
 * Mantel-Haenszel test, so that neither a difference between layers nor a small sample passes for an effect. Its z shrinks by
 * the root of the design effect where runs are clustered.
 */
export function layeredP(layers: Layers, designEffect: number): number {
  const plain = fisherGreater(summed(layers));
  return deflate(layers.length > 1 ? Math.max(plain, normalUpperTail(mantelHaenszelZ(layers))) : plain, designEffect);
}

export function deflate(p: number, designEffect: number): number {
  if (designEffect <= 1 || p >= 0.5) return p;
  // Below the smallest double the quantile is not known; that far out any deflation leaves a p that is small enough.
  return normalUpperTail(-normalQuantile(Math.max(p, 1e-300)) / Math.sqrt(designEffect));
}

/** Standard deviations above chance, before clusters. */
export function layeredZ(layers: Layers): number {
  return layers.length > 1 ? mantelHaenszelZ(layers) : enrichmentZ(summed(layers));
}

export function layeredRisk(layers: Layers, designEffect = 1): RiskRatio {
  return layers.length > 1
    ? mantelHaenszelRatio(layers, designEffect)
    : riskRatio(summed(layers), undefined, designEffect);
}

/** Variance of the failing count under chance: how much can be learned of the conjunction where it varies within layers. */
export function information(layers: Layers): number {
  return layers.reduce((sum, { failing, failures, passing, passes }) => {
    const [runs, matching] = [failures + passes, failing + passing];
    if (runs < 2) return sum;
    return sum + (matching * (runs - matching) * failures * passes) / (runs * runs * (runs - 1));
  }, 0);
}
