import { clopperPearsonLower, clopperPearsonUpper } from "./binomial.ts";

/** What "usual" is, learned from runs, with bounds that hold over the whole of its life. */
export interface ReferenceRate {
  failing: number;
  total: number;
  /** How often the bounds were taken; 0 means they are still 0 and 1. */
  looks: number;
  /** The true rate is above this, with the confidence asked for, at every look at once. */
  lower: number;
  upper: number;
}

export interface ReferenceOptions {
  /** Runs before the first bounds. @default 100 */
  firstLook?: number;
  /**
   * Confidence that the upper bound never falls below the true rate (and, apart, that the lower never exceeds it).
   * @default 0.95
   */
  confidence?: number;
  /** Learning stops at this many runs, so that slow drift shows against a fixed past. @default never */
  limit?: number;
}

export const EMPTY_REFERENCE: ReferenceRate = { failing: 0, total: 0, looks: 0, lower: 0, upper: 1 };

/**
 * Adds runs. Bounds are exact (Clopper-Pearson) and taken again only when the sample has doubled, the j-th time at level
 * `alpha / (j (j + 1))`; these levels sum to alpha, so all bounds hold together and a detector may use the current one
 * as its null at any time.
 */
export function addToReference(
  reference: ReferenceRate,
  failing: number,
  total: number,
  { firstLook = 100, confidence = 0.95, limit = Infinity }: ReferenceOptions = {},
): ReferenceRate {
  if (total <= 0 || reference.total >= limit) return reference;
  const sum = { ...reference, failing: reference.failing + failing, total: reference.total + total };
  if (sum.total < firstLook * 2 ** reference.looks) return sum;
  const looks = Math.floor(Math.log2(sum.total / firstLook)) + 1;
  const alpha = (1 - confidence) / (looks * (looks + 1));
  return {
    ...sum,
    looks,
    lower: clopperPearsonLower(sum.failing, sum.total, alpha),
    upper: clopperPearsonUpper(sum.failing, sum.total, alpha),
  };
}

/** Observed share so far; 0 when nothing was seen. */
export function referenceShare({ failing, total }: ReferenceRate): number {
  return total > 0 ? failing / total : 0;
}
