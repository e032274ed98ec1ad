import { randomSource } from "../internal/random.ts";
import type { RandomSource } from "../internal/random.ts";

/**
 * One regression tree, node by node: `feature` -1 is a leaf that answers `value`; otherwise what is `<= threshold` goes
 * on at the next node, and the rest at `right`.
 */
export interface Tree {
  feature: number[];
  threshold: number[];
  right: number[];
  value: number[];
}

/** Plain JSON: it can be stored and read back as it is. */
export interface Forest {
  trees: Tree[];
}

export interface ForestOptions {
  /** @default 150 */
  trees?: number;
  /** Features tried at each split. @default the square root of their number, rounded up */
  tries?: number;
  /** Rows that each side of a split must keep. @default 3 */
  minLeaf?: number;
  /** @default 12 */
  maxDepth?: number;
  /** The same seed and data give the same forest. @default 1 */
  seed?: number;
}

/**
 * A random forest of regression trees (Breiman 2001): each tree sees a bootstrap sample, each split the best of a few
 * random features by weighted squared error. Features are cut into at most 32 quantile bins first, so a split costs one
 * pass over its rows and no sorting.
 */
export function trainForest(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  weights: readonly number[],
  options: ForestOptions = {},
): Forest {
  const width = rows[0]?.length ?? 0;
  const { trees = 150, tries = Math.ceil(Math.sqrt(width)), minLeaf = 3, maxDepth = 12, seed = 1 } = options;
  const random = randomSource(seed);
  const cuts = Array.from({ length: width }, (_, f) => quantileCuts(rows, f));
  const bins = cuts.map((cut, f) => Uint8Array.from(rows, (row) => binOf(row[f]!, cut)));
  const weighted = Float64Array.from(targets, (target, i) => target * weights[i]!);
  const plan: Plan = { cuts, bins, weights: Float64Array.from(weights), weighted, tries, minLeaf, maxDepth, random };
  return { trees: Array.from({ length: trees }, () => growTree(plan)) };
}

export interface ForestValuesOptions {
  /** Trees asked about every row. @default all */
  scouts?: number;
  /**
   * How many rows, the highest so far, as many trees again are asked about. It halves with every round, down to 4.
   * @default 16
   */
  shortlist?: number;
}

/** Rows of equal width one after the other. */
export interface Table {
  rows: number;
  width: number;
  cells: Float64Array;
}

/** Rows as a table. */
export function tableOf(rows: readonly ArrayLike<number>[]): Table {
  const width = rows[0]?.length ?? 0;
  const cells = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) cells.set(row, i * width);
  return { rows: rows.length, width, cells };
}

/**
 * The mean answer for each row of the trees that were asked about it: of all trees, or with scouts of these first and then,
 * round by round, of as many again for the better half of the rows (successive halving, Karnin et al. 2013).
 */
export function forestValues(forest: Forest, table: Table, options: ForestValuesOptions = {}): Float64Array {
  const flat = flattened(forest);
  const trees = flat.roots.length;
  const { scouts = trees, shortlist = 16 } = options;
  const sums = new Float64Array(table.rows);
  const values = new Float64Array(table.rows);
  let rows = Array.from(sums, (_, row) => row);
  let kept = shortlist;
  for (let [from, to] = [0, Math.min(scouts, trees)]; from < trees; [from, to] = [to, Math.min(2 * to, trees)]) {
    addAnswers(flat, table, rows, [from, to], sums);
    for (const row of rows) values[row] = sums[row]! / to;
    rows = rows.toSorted((a, b) => values[b]! - values[a]! || a - b).slice(0, kept);
    kept = Math.max(kept >> 1, LEAST_ROWS);
  }
  return values;
}

// --- internal ---

const BINS = 32;

/** Rows that are asked to the end: three are named, and one may take the place of another. */
const LEAST_ROWS = 4;

/** All trees in one row of nodes. Two arrays, since what costs is how many cache lines a node lies on. */
interface FlatForest {
  roots: number[];
  /** Of each node its feature and where what is above the threshold goes on, counted from the first tree's root. */
  links: Int32Array;
  /** Of each node its threshold, of a leaf its value. */
  numbers: Float64Array;
}

const flatForests = new WeakMap<Forest, FlatForest>();

function flattened(forest: Forest): FlatForest {
  const known = flatForests.get(forest);
  if (known) return known;
  const size = forest.trees.reduce((sum, tree) => sum + tree.feature.length, 0);
  const flat: FlatForest = { roots: [], links: new Int32Array(2 * size), numbers: new Float64Array(size) };
  let at = 0;
  for (const tree of forest.trees) {
    flat.roots.push(at);
    for (const [node, feature] of tree.feature.entries()) {
      flat.links[2 * (at + node)] = feature;
      flat.links[2 * (at + node) + 1] = at + tree.right[node]!;
      flat.numbers[at + node] = feature < 0 ? tree.value[node]! : tree.threshold[node]!;
    }
    at += tree.feature.length;
  }
  flatForests.set(forest, flat);
  return flat;
}

interface Plan {
  /** Ascending thresholds by feature; bin `b` holds the values above `cuts[b - 1]` and up to `cuts[b]`. */
  cuts: readonly (readonly number[])[];
  /** Bin of every row, by feature. */
  bins: readonly Uint8Array[];
  weights: Float64Array;
  /** Weight times target. */
  weighted: Float64Array;
  tries: number;
  minLeaf: number;
  maxDepth: number;
  random: RandomSource;
}

/** Adds what the trees of a range answer for some rows to `sums`. */
function addAnswers(
  { roots, links, numbers }: FlatForest,
  { cells, width }: Table,
  rows: readonly number[],
  [from, to]: readonly [number, number],
  sums: Float64Array,
): void {
  // Tree by tree, so that one tree after the other stays in the cache.
  for (let tree = from; tree < to; tree++) {
    for (const row of rows) {
      const at = row * width;
      let node = roots[tree]!;
      for (let feature = links[2 * node]!; feature >= 0; feature = links[2 * node]!)
        node = cells[at + feature]! <= numbers[node]! ? node + 1 : links[2 * node + 1]!;
      sums[row]! += numbers[node]!;
    }
  }
}

function quantileCuts(rows: readonly (readonly number[])[], feature: number): number[] {
  const values = [...new Set(rows.map((row) => row[feature]!))].sort((a, b) => a - b);
  const between = values.slice(1).map((value, i) => (value + values[i]!) / 2);
  if (between.length < BINS) return between;
  return Array.from({ length: BINS - 1 }, (_, i) => between[Math.floor(((i + 1) * between.length) / BINS)]!);
}

function binOf(value: number, cuts: readonly number[]): number {
  let bin = 0;
  while (bin < cuts.length && value > cuts[bin]!) bin++;
  return bin;
}

function growTree(plan: Plan): Tree {
  const tree: Tree = { feature: [], threshold: [], right: [], value: [] };
  const count = plan.weights.length;
  const sample = Array.from({ length: count }, () => Math.floor(plan.random() * count));
  growNode(plan, tree, sample, 0);
  return tree;
}

function growNode(plan: Plan, tree: Tree, rows: readonly number[], depth: number): number {
  const { weight, sum } = totals(plan, rows);
  const mean = weight > 0 ? sum / weight : 0;
  const node = tree.feature.push(-1) - 1;
  tree.threshold.push(0);
  tree.right.push(-1);
  tree.value.push(Number(mean.toFixed(6)));
  const pure = mean < 1e-9 || mean > 1 - 1e-9;
  if (pure || depth >= plan.maxDepth || rows.length < 2 * plan.minLeaf) return node;
  const split = bestSplit(plan, rows, weight, sum);
  if (!split) return node;
  const bins = plan.bins[split.feature]!;
  tree.feature[node] = split.feature;
  tree.threshold[node] = plan.cuts[split.feature]![split.bin]!;
  growNode(
    plan,
    tree,
    rows.filter((row) => bins[row]! <= split.bin),
    depth + 1,
  );
  tree.right[node] = growNode(
    plan,
    tree,
    rows.filter((row) => bins[row]! > split.bin),
    depth + 1,
  );
  return node;
}

function totals(plan: Plan, rows: readonly number[]): { weight: number; sum: number } {
  let weight = 0;
  let sum = 0;
  for (const row of rows) {
    weight += plan.weights[row]!;
    sum += plan.weighted[row]!;
  }
  return { weight, sum };
}

/** What falls into each bin of one feature. */
interface Histogram {
  weight: Float64Array;
  sum: Float64Array;
  count: Int32Array;
}

/** The split that lowers the weighted squared error most, among `tries` random features that vary here. */
function bestSplit(
  plan: Plan,
  rows: readonly number[],
  weight: number,
  sum: number,
): { feature: number; bin: number } | null {
  const histogram: Histogram = {
    weight: new Float64Array(BINS),
    sum: new Float64Array(BINS),
    count: new Int32Array(BINS),
  };
  let best: { feature: number; bin: number } | null = null;
  const whole = sum ** 2 / weight;
  let bestGain = 1e-9;
  let useful = 0;
  for (const feature of shuffled(plan.bins.length, plan.random)) {
    if (useful >= plan.tries) break;
    fill(histogram, plan, plan.bins[feature]!, rows);
    let [leftWeight, leftSum, leftCount] = [0, 0, 0];
    let varies = false;
    const last = plan.cuts[feature]!.length;
    for (let bin = 0; bin < last; bin++) {
      leftWeight += histogram.weight[bin]!;
      leftSum += histogram.sum[bin]!;
      leftCount += histogram.count[bin]!;
      if (leftCount === rows.length) break;
      if (leftCount > 0) varies = true;
      const rightWeight = weight - leftWeight;
      if (leftCount < plan.minLeaf || rows.length - leftCount < plan.minLeaf || leftWeight <= 0 || rightWeight <= 0)
        continue;
      const gain = leftSum ** 2 / leftWeight + (sum - leftSum) ** 2 / rightWeight - whole;
      if (gain > bestGain) {
        bestGain = gain;
        best = { feature, bin };
      }
    }
    if (varies) useful++;
  }
  return best;
}

function fill(histogram: Histogram, { weights, weighted }: Plan, bins: Uint8Array, rows: readonly number[]): void {
  const { weight, sum, count } = histogram;
  weight.fill(0);
  sum.fill(0);
  count.fill(0);
  for (const row of rows) {
    const bin = bins[row]!;
    weight[bin]! += weights[row]!;
    sum[bin]! += weighted[row]!;
    count[bin]!++;
  }
}

function shuffled(length: number, random: RandomSource): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
