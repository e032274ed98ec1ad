/** Share of alpha each depth may spend, for searches of depth 1, 2 and 3: simple patterns are likelier and get more. */
const WEIGHTS: readonly (readonly number[])[] = [[1], [0.7, 0.3], [0.6, 0.3, 0.1]];

/** What one depth of the search is tested against. */
export interface DepthBudget {
  /** Conjunctions this depth could form: every one of them is paid for, whether or not it was worth counting. */
  hypotheses: number;
  /** Share of alpha spent here. */
  weight: number;
  /** Least failing runs a conjunction must match to be looked at. */
  least: number;
}

/**
 * The bill of a search. `sizes` is how many items each attribute has; conjunctions never take two of one attribute, so
 * depth d has e_d(sizes) of them, the elementary symmetric polynomial. Nothing here looks at who failed.
 *
 * `least` joins the asked-for support with Tarone's bound (Biometrics 1990): a conjunction with f failing runs cannot have
 * a p below C(failures, f) / C(runs, f), reached when no passing run matches, and below alpha / hypotheses that cannot be
 * significant. Supersets match fewer failing runs still, so both bounds also cut everything beneath.
 */
export function depthBudgets(
  sizes: readonly number[],
  { failures, passes }: { failures: number; passes: number },
  { alpha, minSupport, maxDepth }: { alpha: number; minSupport: number; maxDepth: number },
): DepthBudget[] {
  const weights = WEIGHTS[maxDepth - 1] ?? [];
  const supported = Math.max(3, Math.ceil(minSupport * failures - 1e-9));
  return weights.map((weight, index) => {
    const hypotheses = symmetric(sizes, index + 1);
    const testable = leastTestable(failures, passes, (alpha * weight) / Math.max(1, hypotheses));
    return { hypotheses, weight, least: Math.max(supported, testable) };
  });
}

/** Elementary symmetric polynomial: the sum of products of `degree` different sizes. */
function symmetric(sizes: readonly number[], degree: number): number {
  const sums = [1, ...Array.from({ length: degree }, () => 0)];
  for (const size of sizes) {
    for (let d = degree; d >= 1; d -= 1) sums[d] = (sums[d] ?? 0) + (sums[d - 1] ?? 0) * size;
  }
  return sums[degree] ?? 0;
}

/** The fewest failing runs whose best attainable p, C(failures, f) / C(runs, f), is at most `limit`. */
function leastTestable(failures: number, passes: number, limit: number): number {
  let attainable = 1;
  let least = 0;
  while (attainable > limit && least < failures) {
    attainable *= (failures - least) / (failures + passes - least);
    least += 1;
  }
  return attainable > limit ? failures + 1 : least;
}
