import { BLOCK_ROWS, strideOf } from "../src/pattern/bit-table.ts";
import type { BitBlock, BitTable } from "../src/pattern/bit-table.ts";
import type { Codebook } from "../src/pattern/codebook.ts";
import { createKernel } from "../src/pattern/kernel/create-kernel.ts";
import { mineTable } from "../src/pattern/mine-patterns.ts";
import { randomSource } from "../src/internal/random.ts";

export interface SpeedOptions {
  rows: number;
  /** Items in all, 8 values an attribute. */
  predicates: number;
  depth: 1 | 2 | 3;
  /** Least share of failures. */
  support: number;
  seed: number;
  /** Whether to run the plain JavaScript kernel too. */
  plainJs: boolean;
}

export interface SpeedResult {
  rows: number;
  predicates: number;
  depth: number;
  /** Best of three, from stored bitmaps to the finished report, one thread. */
  ms: number;
  /** The same with the plain JavaScript kernel, once; `null` when left out. */
  plainJsMs: number | null;
  /** Candidate bitmap bytes read while counting, over the whole `ms`. */
  bytesPerSecond: number;
  /** AND + popcount over bitmaps of this table's size and nothing else. */
  bandwidthBytesPerSecond: number;
  /** Bitmap bytes per million rows. */
  bytesPerMillionRows: number;
  /** Conjunctions that were paid for. */
  hypotheses: number;
  shown: number;
}

const VALUES = 8;

/** Mines a table of Zipf-distributed categories with three planted patterns (depth 1, 2 and 3). */
export function measureSpeed(options: SpeedOptions): SpeedResult {
  const { codebook, table } = speedTable(options);
  const settings = { minSupport: options.support, maxDepth: options.depth };
  let ms = Infinity;
  let bytes = 0;
  let [hypotheses, shown] = [0, 0];
  for (let run = 0; run < 3; run += 1) {
    const meter = { bytes: 0 };
    const kernel = createKernel("wasm");
    const from = performance.now();
    const report = mineTable(table, codebook, settings, { kernel, meter });
    ms = Math.min(ms, performance.now() - from);
    [bytes, hypotheses, shown] = [meter.bytes, report.hypotheses, report.patterns.length];
  }
  let plainJsMs: number | null = null;
  if (options.plainJs) {
    const from = performance.now();
    mineTable(table, codebook, settings, { kernel: createKernel("js") });
    plainJsMs = performance.now() - from;
  }
  const size = [...table.failing, ...table.passing].reduce((sum, block) => sum + block.bits.length, 0);
  return {
    rows: options.rows,
    predicates: options.predicates,
    depth: options.depth,
    ms,
    plainJsMs,
    bytesPerSecond: (bytes / ms) * 1000,
    bandwidthBytesPerSecond: bandwidth(table),
    bytesPerMillionRows: (size / options.rows) * 1e6,
    hypotheses,
    shown,
  };
}

/** AND + popcount of one bitmap against all others of a block, over every block in turn. */
function bandwidth(table: BitTable): number {
  const kernel = createKernel("wasm");
  const blocks = [...table.failing, ...table.passing];
  const size = blocks.reduce((sum, block) => sum + block.bits.length, 0);
  const memory = kernel.reserve(size);
  let at = 0;
  for (const { bits } of blocks) {
    memory.set(bits, at);
    at += bits.length;
  }
  const rounds = Math.max(1, Math.round(1e9 / size));
  let best = Infinity;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const from = performance.now();
    for (let round = 0; round < rounds; round += 1) kernel.count(0, 0, size - (size % 128));
    best = Math.min(best, performance.now() - from);
  }
  return ((size * rounds) / best) * 1000;
}

/** Base failure rate 6%, tripled by attribute 0 = 0, by 1 = 0 and 2 = 0, and by 3 = 0 and 4 = 0 and 5 = 0. */
export function speedTable({ rows, predicates, seed }: Pick<SpeedOptions, "rows" | "predicates" | "seed">): {
  codebook: Codebook;
  table: BitTable;
} {
  const attributes = Math.ceil(predicates / VALUES);
  const random = randomSource(seed);
  const zipf = zipfTable(VALUES);
  const writers = { failing: blockWriter(predicates), passing: blockWriter(predicates) };
  const values = new Uint8Array(attributes);
  for (let row = 0; row < rows; row += 1) {
    for (let attribute = 0; attribute < attributes; attribute += 1)
      values[attribute] = zipf[(random() * 4096) | 0] ?? 0;
    let risk = 0.06;
    if (values[0] === 0) risk *= 2;
    if (values[1] === 0 && values[2] === 0) risk *= 2.5;
    if (values[3] === 0 && values[4] === 0 && values[5] === 0) risk *= 3;
    writers[random() < risk ? "failing" : "passing"].add(values);
  }
  const items = Array.from({ length: predicates }, (_, item) => ({
    feature: `a${Math.floor(item / VALUES)}`,
    operator: "=" as const,
    value: `v${item % VALUES}`,
  }));
  return {
    codebook: {
      items,
      attributeOf: items.map((_, item) => Math.floor(item / VALUES)),
      attributes: Array.from({ length: attributes }, (_, attribute) => ({
        feature: `a${attribute}`,
        cuts: [],
        values: Array.from({ length: VALUES }, (_, value) => `v${value}`),
        missing: false,
        firstItem: attribute * VALUES,
      })),
      dropped: [],
    },
    table: { items: predicates, failing: writers.failing.blocks(), passing: writers.passing.blocks() },
  };
}

function zipfTable(values: number): Uint8Array {
  const weights = Array.from({ length: values }, (_, value) => 1 / (value + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table = new Uint8Array(4096);
  let [value, until] = [0, ((weights[0] ?? 0) / total) * 4096];
  for (let slot = 0; slot < 4096; slot += 1) {
    while (slot >= until && value < values - 1) {
      value += 1;
      until += ((weights[value] ?? 0) / total) * 4096;
    }
    table[slot] = value;
  }
  return table;
}

function blockWriter(items: number): { add: (values: Uint8Array) => void; blocks: () => BitBlock[] } {
  const stride = strideOf(BLOCK_ROWS);
  const done: BitBlock[] = [];
  let bits = new Uint8Array(items * stride);
  let rows = 0;
  const close = (): void => {
    const short = strideOf(rows);
    const compact = new Uint8Array(items * short);
    for (let item = 0; item < items; item += 1)
      compact.set(bits.subarray(item * stride, item * stride + short), item * short);
    done.push({ rows, stride: short, bits: compact });
    bits = new Uint8Array(items * stride);
    rows = 0;
  };
  return {
    add: (values) => {
      const mask = 1 << (rows & 7);
      for (let attribute = 0; attribute < values.length; attribute += 1) {
        const item = attribute * VALUES + (values[attribute] ?? 0);
        if (item >= items) continue;
        const byte = item * stride + (rows >>> 3);
        bits[byte] = (bits[byte] ?? 0) | mask;
      }
      rows += 1;
      if (rows === BLOCK_ROWS) close();
    },
    blocks: () => {
      if (rows > 0) close();
      return done;
    },
  };
}
