import type { FeatureRow } from "../model/pattern.ts";
import { encodeRow } from "./codebook.ts";
import type { Codebook } from "./codebook.ts";
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
  /** Per row; failing blocks only. */
  culprits?: readonly (string | null)[];
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
  /** Item numbers that hold, ascending. */
  held: readonly number[];
  cluster: string | null;
  culprit: string | null;
}

export function encodeFeatureRow(codebook: Codebook, row: FeatureRow): EncodedRow {
  const culprit = row.features["culprit"];
  return {
    traceId: row.traceId,
    failed: row.failed,
    held: encodeRow(codebook, row.features),
    cluster: row.cluster ?? null,
    culprit: typeof culprit === "string" ? culprit : null,
  };
}

/** The bitmaps of these runs, in the order given. */
export function buildTable(codebook: Codebook, rows: readonly FeatureRow[]): BitTable {
  return tableOf(
    codebook.items.length,
    rows.map((row) => encodeFeatureRow(codebook, row)),
  );
}

export function tableOf(items: number, rows: readonly EncodedRow[]): BitTable {
  return {
    items,
    failing: blocksOf(
      items,
      rows.filter((row) => row.failed),
    ),
    passing: blocksOf(
      items,
      rows.filter((row) => !row.failed),
    ),
  };
}

function blocksOf(items: number, rows: readonly EncodedRow[]): BitBlock[] {
  const blocks: BitBlock[] = [];
  for (let from = 0; from < rows.length; from += BLOCK_ROWS)
    blocks.push(blockOf(items, rows.slice(from, from + BLOCK_ROWS)));
  return blocks;
}

function blockOf(items: number, rows: readonly EncodedRow[]): BitBlock {
  const stride = strideOf(rows.length);
  const bits = new Uint8Array(items * stride);
  rows.forEach(({ held }, row) => {
    for (const item of held) {
      const byte = item * stride + (row >>> 3);
      bits[byte] = (bits[byte] ?? 0) | (1 << (row & 7));
    }
  });
  return {
    rows: rows.length,
    stride,
    bits,
    traceIds: rows.map((row) => row.traceId),
    ...(rows.some((row) => row.cluster !== null) && { clusters: rows.map((row) => row.cluster) }),
    ...(rows.some((row) => row.culprit !== null) && { culprits: rows.map((row) => row.culprit) }),
  };
}

/** Bytes one item's bitmap takes. */
export function strideOf(rows: number): number {
  return Math.max(1, Math.ceil(rows / (8 * KERNEL_STEP))) * KERNEL_STEP;
}

export function rowsOf(blocks: readonly BitBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.rows, 0);
}
