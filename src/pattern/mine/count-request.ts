/** Failing or passing runs. */
export type Side = "failing" | "passing";

/**
 * Many conjunctions to count, written compactly: group g is the prefix `prefixes[2g]`, `prefixes[2g + 1]` (the second
 * `NO_PREFIX` when there is only one) extended by each of the next `sizes[g]` entries of `extensions`. Sizes are at least 1.
 */
export interface Groups {
  prefixes: Uint16Array<ArrayBuffer>;
  sizes: Uint32Array<ArrayBuffer>;
  extensions: Uint16Array<ArrayBuffer>;
}

/** Why groups are counted. */
export type Step = "twins" | "pairs" | "triples";

/** Runs with all of these items. */
export type Itemset = readonly number[];

/**
 * What the miner wants to know of the bitmaps. It asks nothing else, so the bitmaps may lie anywhere: in this thread, in
 * a window that keeps counts, or spread over workers whose answers are merged.
 */
export type CountRequest =
  /** Runs in all, and with each item. */
  | { kind: "totals" }
  /** Runs of one side with each conjunction, in order. `step` is the same for the same question in another run. */
  | { kind: "groups"; step: Step; side: Side; groups: Groups }
  /** Runs with each candidate among those that match none of `shown`. */
  | { kind: "residual"; shown: readonly Itemset[]; candidates: readonly Itemset[] }
  /** Runs with each candidate, apart for every combination of strata and shown patterns that runs match. */
  | { kind: "cells"; strata: readonly Itemset[]; shown: readonly Itemset[]; candidates: readonly Itemset[] }
  /** How each candidate's runs sit in clusters. */
  | { kind: "clusters"; candidates: readonly Itemset[] }
  /** Failing runs behind each itemset: which items hold for all of them, who was blamed, for what reason, a few ids. */
  | { kind: "describe"; itemsets: readonly Itemset[]; exemplars: number };

export function itemsOf(candidates: readonly { items: Itemset }[]): Itemset[] {
  return candidates.map(({ items }) => items);
}

export interface Totals {
  failures: number;
  passes: number;
  failing: Uint32Array;
  passing: Uint32Array;
}

export interface Residual {
  failures: number;
  passes: number;
  failing: Uint32Array;
  passing: Uint32Array;
}

/** Runs that match the same of the shown patterns, in the same stratum. */
export interface Cell {
  failures: number;
  passes: number;
  /** Per candidate. */
  failing: Uint32Array;
  passing: Uint32Array;
}

/** Cells by which stratum and shown patterns they match, in numbers that are the same wherever the runs lie. */
export type Cells = Map<number, Cell>;

/** Sums over clusters c with N_c runs, F_c of them failing, and x_c runs with the candidate. */
export interface ClusterMoments {
  /** Clusters; 0 when no run names one. */
  clusters: number;
  /** Sum of N_c^2, of F_c N_c and of F_c^2. */
  sizeSquared: number;
  failingSize: number;
  failingSquared: number;
  /** Per candidate: sum of x_c^2 and of x_c N_c. */
  matchingSquared: Float64Array;
  matchingSize: Float64Array;
}

export interface Description {
  /** Items that hold for every failing run of the itemset, ascending; all items when there is no such run. */
  always: readonly number[];
  /** Failing runs by who was blamed, and by the kind of reason. */
  culprits: Map<string, number>;
  reasons: Map<string, number>;
  exemplars: string[];
}

export type CountAnswer = Totals | Uint32Array | Residual | Cells | ClusterMoments | Description[];

/** A computation that asks for counts. Driven by `answerAll` or by merging the answers of several workers. */
export type Asking<Result> = Generator<CountRequest, Result, CountAnswer>;

export function* askTotals(): Asking<Totals> {
  return (yield { kind: "totals" }) as Totals;
}

export function* askGroups(step: Step, side: Side, groups: Groups): Asking<Uint32Array> {
  if (groups.extensions.length === 0) return new Uint32Array(0);
  return (yield { kind: "groups", step, side, groups }) as Uint32Array;
}

export function* askResidual(shown: readonly Itemset[], candidates: readonly Itemset[]): Asking<Residual> {
  return (yield { kind: "residual", shown, candidates }) as Residual;
}

export function* askCells(
  strata: readonly Itemset[],
  shown: readonly Itemset[],
  candidates: readonly Itemset[],
): Asking<Cells> {
  return (yield { kind: "cells", strata, shown, candidates }) as Cells;
}

export function* askClusters(candidates: readonly Itemset[]): Asking<ClusterMoments> {
  return (yield { kind: "clusters", candidates }) as ClusterMoments;
}

export function* askDescriptions(itemsets: readonly Itemset[], exemplars: number): Asking<Description[]> {
  return (yield { kind: "describe", itemsets, exemplars }) as Description[];
}

/** Runs a computation to its end, answering every request at once. */
export function answerAll<Result>(asking: Asking<Result>, answer: (request: CountRequest) => CountAnswer): Result {
  let step = asking.next();
  while (!step.done) step = asking.next(answer(step.value));
  return step.value;
}

/** The same with answers that take time, say from workers. */
export async function answerAllAsync<Result>(
  asking: Asking<Result>,
  answer: (request: CountRequest) => Promise<CountAnswer>,
): Promise<Result> {
  let step = asking.next();
  while (!step.done) step = asking.next(await answer(step.value));
  return step.value;
}
