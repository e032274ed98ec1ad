import type { RandomSource } from "../src/internal/random.ts";
import type { FeatureRow, FeatureValue, Predicate } from "../src/model/pattern.ts";
import { BLOCK_ROWS, tableOf } from "../src/pattern/bit-table.ts";
import type { BitBlock, BitTable, EncodedRow } from "../src/pattern/bit-table.ts";
import { buildCodebook, encodeRow } from "../src/pattern/codebook.ts";
import type { Attribute, Codebook } from "../src/pattern/codebook.ts";

/** Rows a codebook is made from, as in production. */
const SAMPLE_ROWS = 20_000;
/** Noise features of either kind. */
const NOISE_FEATURES = 50;
const CATEGORIES = ["v0", "v1", "v2", "v3", "v4"];

/** A feature as numbers: a uniform value, or the index of a label. */
interface Column {
  feature: string;
  draw: (random: RandomSource) => number;
  labels?: readonly string[];
}

/** A condition that was planted, and the column it is about. */
interface Planted {
  predicate: Predicate;
  column: Column;
}

export interface Simulated {
  codebook: Codebook;
  table: BitTable;
}

/** Conjunctions over features of their own: depth 1 to 3, matching 2 to 40% of runs (log-uniform), half the conditions numeric. */
export function plant(random: RandomSource, count: number): Planted[][] {
  return Array.from({ length: count }, (_, index) => {
    const depth = 1 + Math.floor(random() * 3);
    const support = 0.02 * 20 ** random();
    const share = support ** (1 / depth);
    return Array.from({ length: depth }, (_, position): Planted => {
      const feature = `planted${index}.${position}`;
      const kind = random();
      if (kind < 0.25) return { predicate: { feature, operator: "<", value: share }, column: numberColumn(feature) };
      if (kind < 0.5)
        return { predicate: { feature, operator: ">=", value: 1 - share }, column: numberColumn(feature) };
      const others = CATEGORIES.slice(1);
      const draw: Column["draw"] = (uniform) => (uniform() < share ? 0 : 1 + Math.floor(uniform() * others.length));
      return {
        predicate: { feature, operator: "=", value: "hit" },
        column: { feature, draw, labels: ["hit", ...others] },
      };
    });
  });
}

/**
 * `n` runs with 50 uniform numbers and 50 skewed categories that mean nothing, and the planted conjunctions: each that a run
 * matches multiplies its chance to fail by `riskRatio`.
 */
export function simulate(
  random: RandomSource,
  n: number,
  patterns: readonly Planted[][],
  riskRatio: number,
  baseRate: number,
): Simulated {
  const columns: Column[] = [
    ...Array.from({ length: NOISE_FEATURES }, (_, index) => numberColumn(`number${index}`)),
    ...Array.from({ length: NOISE_FEATURES }, (_, index) => categoryColumn(`category${index}`)),
    ...patterns.flat().map(({ column }) => column),
  ];
  const place = new Map(columns.map((column, index) => [column, index]));
  const holds = ({ predicate, column }: Planted, drawn: Float64Array): boolean => {
    const value = drawn[place.get(column) ?? 0] ?? 0;
    if (predicate.operator === "=") return value === 0;
    return predicate.operator === "<" ? value < Number(predicate.value) : value >= Number(predicate.value);
  };
  const drawRow = (): { drawn: Float64Array; failed: boolean } => {
    const drawn = new Float64Array(columns.length);
    // Plain loops here and below: a million rows of a hundred columns go through them.
    for (let index = 0; index < drawn.length; index += 1) drawn[index] = columns[index]?.draw(random) ?? 0;
    const matched = patterns.filter((pattern) => pattern.every((condition) => holds(condition, drawn))).length;
    return { drawn, failed: random() < Math.min(0.95, baseRate * riskRatio ** matched) };
  };

  const sample = Array.from({ length: Math.min(n, SAMPLE_ROWS) }, drawRow);
  const codebook = buildCodebook(sample.map(({ drawn }, at) => ({ traceId: `t${at}`, features: featuresOf(drawn) })));
  const columnAt = new Map(columns.map((column, index) => [column.feature, { column, index }]));
  const encoders = codebook.attributes.map((attribute) => {
    const { column, index } = columnAt.get(attribute.feature) ?? { column: columns[0] as Column, index: 0 };
    return encoderOf(attribute, column, index);
  });
  const blocks = blockCollector(codebook);
  for (let at = 0; at < n; at += 1) {
    const { drawn, failed } = sample[at] ?? drawRow();
    const codes = new Uint16Array(encoders.length);
    for (let index = 0; index < codes.length; index += 1) codes[index] = encoders[index]?.(drawn) ?? 0;
    blocks.add({ traceId: `t${at}`, failed, codes, cluster: null, culprit: null, reason: null });
  }
  return { codebook, table: blocks.table() };

  function featuresOf(drawn: Float64Array): FeatureRow["features"] {
    return Object.fromEntries(
      columns.map(({ feature, labels }, index): [string, FeatureValue] => {
        const value = drawn[index] ?? 0;
        return [feature, labels === undefined ? value : (labels[value] ?? null)];
      }),
    );
  }
}

function numberColumn(feature: string): Column {
  return { feature, draw: (random) => random() };
}

function categoryColumn(feature: string): Column {
  return { feature, draw: (random) => Math.floor(random() ** 1.5 * CATEGORIES.length), labels: CATEGORIES };
}

/** How a drawn number is written in the codebook. Labels are looked up once, numbers go through the codebook's own encoding. */
function encoderOf(attribute: Attribute, { feature, labels }: Column, index: number): (drawn: Float64Array) => number {
  const alone: Codebook = { attributes: [attribute], items: [], attributeOf: [], dropped: [] };
  const codeOf = (value: FeatureValue): number => encodeRow(alone, { [feature]: value })[0] ?? 0;
  if (labels !== undefined) {
    const codes = labels.map(codeOf);
    return (drawn) => codes[drawn[index] ?? 0] ?? 0;
  }
  const { cuts } = attribute;
  return (drawn) => {
    const value = drawn[index] ?? 0;
    let reached = 0;
    while (reached < cuts.length && (cuts[reached] ?? 0) <= value) reached += 1;
    return reached;
  };
}

/** Writes runs into bitmaps a block at a time, so that a million of them never lie around as objects. */
function blockCollector(codebook: Codebook): { add: (row: EncodedRow) => void; table: () => BitTable } {
  const sides = {
    failing: { waiting: [] as EncodedRow[], done: [] as BitBlock[] },
    passing: { waiting: [] as EncodedRow[], done: [] as BitBlock[] },
  };
  const write = (side: (typeof sides)["failing"], outcome: "failing" | "passing"): void => {
    side.done.push(...tableOf(codebook, side.waiting)[outcome]);
    side.waiting = [];
  };
  return {
    add: (row) => {
      const outcome = row.failed ? "failing" : "passing";
      const side = sides[outcome];
      side.waiting.push(row);
      if (side.waiting.length === BLOCK_ROWS) write(side, outcome);
    },
    table: () => {
      write(sides.failing, "failing");
      write(sides.passing, "passing");
      return { items: codebook.items.length, failing: sides.failing.done, passing: sides.passing.done };
    },
  };
}
