import type { BitBlock, BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Cell, Cells, Itemset, Side } from "./count-request.ts";
import { batchesOf, loadBlocks } from "./itemset-rows.ts";

/** Shown patterns that split runs into cells; runs that match a later one are left out, or cells would double with each. */
const MAX_SPLITS = 6;

/**
 * Counts candidates apart in every cell of runs that match the same shown patterns in the same stratum. A cell's number is
 * the stratum's times 64 plus one bit for each pattern. Without strata all runs are stratum 0; runs of no stratum are left out.
 */
export function countCells(
  kernel: Kernel,
  table: BitTable,
  strata: readonly Itemset[],
  shown: readonly Itemset[],
  candidates: readonly Itemset[],
): Cells {
  const cells: Cells = new Map();
  const splits = shown.slice(0, MAX_SPLITS);
  const removed = shown.slice(MAX_SPLITS);
  const needed = [...new Set([...strata, ...shown, ...candidates].flat())];
  // Beside the items: one bitmap per candidate, and one mask per level of splitting.
  const spares = candidates.length + splits.length + 2;
  for (const side of ["failing", "passing"] as const) {
    for (const batch of batchesOf(table[side], needed.length + spares)) countBatch(batch, side);
  }
  return cells;

  function countBatch(batch: readonly BitBlock[], side: Side): void {
    const { conjunction, everyRow, spare, stride } = loadBlocks(kernel, batch, needed, spares);
    candidates.forEach((itemset, at) => {
      const rows = conjunction(itemset);
      kernel.intersect(rows, rows, stride, spare + at * stride);
    });
    for (const itemset of removed) kernel.subtract(everyRow, conjunction(itemset), stride, everyRow);
    const maskAt = (level: number): number => spare + (candidates.length + level) * stride;
    const top = maskAt(0);
    (strata.length === 0 ? [null] : strata).forEach((stratum, at) => {
      kernel.intersect(everyRow, stratum === null ? everyRow : conjunction(stratum), stride, top);
      split(0, 64 * at);
    });

    function split(level: number, cell: number): void {
      const mask = maskAt(level);
      const rows = kernel.count(mask, mask, stride);
      if (rows === 0) return;
      const pattern = splits[level];
      if (pattern === undefined) {
        add(cell, rows, level);
        return;
      }
      const inside = conjunction(pattern);
      kernel.intersect(mask, inside, stride, maskAt(level + 1));
      split(level + 1, cell + 2 ** level);
      kernel.subtract(mask, conjunction(pattern), stride, maskAt(level + 1));
      split(level + 1, cell);
    }

    function add(number: number, rows: number, level: number): void {
      let cell = cells.get(number);
      if (cell === undefined) {
        const size = candidates.length;
        cell = { failures: 0, passes: 0, failing: new Uint32Array(size), passing: new Uint32Array(size) };
        cells.set(number, cell);
      }
      if (side === "failing") cell.failures += rows;
      else cell.passes += rows;
      addCounts(cell[side], level);
    }

    function addCounts(sums: Cell[Side], level: number): void {
      const mask = maskAt(level);
      for (let at = 0; at < candidates.length; at += 1) {
        sums[at] = (sums[at] ?? 0) + kernel.count(mask, spare + at * stride, stride);
      }
    }
  }
}
