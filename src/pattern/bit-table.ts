import type { FeatureRow } from "../model/pattern.ts";
import { encodeRow, NO_CODE } from "./codebook.ts";
import type { Attribute, Codebook } from "./codebook.ts";
import { KERNEL_STEP } from "./kernel/kernel.ts";

/** Most rows a block holds: with a few hundred items such a block stays in a core's second-level cache while it is counted. */
export const BLOCK_ROWS = 16_384;

/** Bitmaps of up to `BLOCK_ROWS` runs with the same outcome: one bit a run, one bitmap an item. */
export interface BitBlock {
  rows: number;
  /** Bytes per item, a multiple of `KERNEL_STEP`. Bits past `rows` are zero. */
  stride: number;
  /** Item 0's bitmap, item 1's, ... Row r is bit r % 8 of byte r / 8. */
  bits: Uint8Array<ArrayBuffer>;
  /** Per row; absent where nobody will ask. */
  traceIds?: readonly string[];
  /** Per row; absent when all runs are independent. */
  clusters?: readonly (string | null)[];
  /** Per row; absent where nobody is blamed. */
  culprits?: readonly (string | null)[];
  /** Per row, the kind of reason it failed for; absent where none is known. */
  reasons?: readonly (string | null)[];
}

/** Failing and passing runs apart, so that failures can be counted first and no label mask is needed. */
export interface BitTable {
  /** Items of the codebook the bitmaps were made with. */
  items: number;
  failing: readonly BitBlock[];
  passing: readonly BitBlock[];
}

/** What a block needs to know of a run. */
export interface EncodedRow {
  traceId: string;
  failed: boolean;
  /** One code per attribute of the codebook. */
  codes: Uint16Array;
  cluster: string | null;
  culprit: string | null;
  reason: string | null;
}

export function encodeFeatureRow(codebook: Codebook, row: FeatureRow): EncodedRow {
  const { culprit, reason } = row.features;
  return {
    traceId: row.traceId,
    failed: row.failed,
    codes: encodeRow(codebook, row.features),
    cluster: row.cluster || null,
    culprit: typeof culprit === "string" ? culprit : null,
    reason: typeof reason === "string" ? reason : null,
  };
}

/** The bitmaps of these runs, in the order given. */
export function buildTable(codebook: Codebook, rows: readonly FeatureRow[]): BitTable {
  return tableOf(
    codebook,
    rows.map((row) => encodeFeatureRow(codebook, row)),
  );
}

export function tableOf(codebook: Codebook, rows: readonly EncodedRow[]): BitTable {
  const blocks = (failed: boolean): BitBlock[] =>
    blocksOf(
      rows.filter((row) => row.failed === failed),
      (some) => blockOf(codebook, some),
    );
  return { items: codebook.items.length, failing: blocks(true), passing: blocks(false) };
}

/** Rows of one outcome as blocks, in order. */
export function blocksOf<Row>(rows: readonly Row[], blockOf: (some: readonly Row[]) => BitBlock): BitBlock[] {
  return Array.from({ length: Math.ceil(rows.length / BLOCK_ROWS) }, (_, index) =>
    blockOf(rows.slice(index * BLOCK_ROWS, (index + 1) * BLOCK_ROWS)),
  );
}

/** What a block says of its rows beside bits. */
export function labelsOf(
  rows: readonly Pick<EncodedRow, "traceId" | "cluster" | "culprit" | "reason">[],
): Pick<BitBlock, "traceIds" | "clusters" | "culprits" | "reasons"> {
  return {
    traceIds: rows.map((row) => row.traceId),
    ...(rows.some((row) => row.cluster !== null) && { clusters: rows.map((row) => row.cluster) }),
    ...(rows.some((row) => row.culprit !== null) && { culprits: rows.map((row) => row.culprit) }),
    ...(rows.some((row) => row.reason !== null) && { reasons: rows.map((row) => row.reason) }),
  };
}

function blockOf(codebook: Codebook, rows: readonly EncodedRow[]): BitBlock {
  const stride = strideOf(rows.length);
  const bits = new Uint8Array(codebook.items.length * stride);
  codebook.attributes.forEach((attribute, index) => {
    setAttributeBits(bits, stride, attribute, (row) => rows[row]?.codes[index] ?? NO_CODE, rows.length);
  });
  return {
    rows: rows.length,
    stride,
    bits,
    ...labelsOf(rows),
  };
}

/** One bit per row goes to the bin between two cuts; "below" and "at least" are running unions of bins. */
function setAttributeBits(
  bits: Uint8Array,
  stride: number,
  { cuts, firstItem }: Attribute,
  codeOf: (row: number) => number,
  rows: number,
): void {
  const bins = new Uint8Array((cuts.length + 1) * stride);
  for (let row = 0; row < rows; row += 1) {
    const code = codeOf(row);
    if (code === NO_CODE) continue;
    const [target, place] = code <= cuts.length ? [bins, code] : [bits, firstItem + cuts.length + code - 1];
    const byte = place * stride + (row >>> 3);
    target[byte] = (target[byte] ?? 0) | (1 << (row & 7));
  }
  const union = (from: number, step: 1 | -1, itemOf: (cut: number) => number): void => {
    const running = new Uint8Array(stride);
    for (let bin = from, done = 0; done < cuts.length; bin += step, done += 1) {
      for (let byte = 0; byte < stride; byte += 1)
        running[byte] = (running[byte] ?? 0) | (bins[bin * stride + byte] ?? 0);
      bits.set(running, itemOf(bin) * stride);
    }
  };
  union(0, 1, (bin) => firstItem + 2 * bin);
  union(cuts.length, -1, (bin) => firstItem + 2 * (bin - 1) + 1);
}

/** Bytes one item's bitmap takes. */
export function strideOf(rows: number): number {
  return Math.max(1, Math.ceil(rows / (8 * KERNEL_STEP))) * KERNEL_STEP;
}

export function rowsOf(blocks: readonly BitBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.rows, 0);
}
