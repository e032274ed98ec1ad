import { rowsOf } from "../bit-table.ts";
import type { BitBlock, BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { NO_PREFIX } from "../kernel/kernel.ts";
import { clusterMoments } from "./cluster-moments.ts";
import { countCells } from "./count-cells.ts";
import { countGroups } from "./count-groups.ts";
import type { Meter } from "./count-groups.ts";
import type { CountAnswer, CountRequest, Description, Groups, Itemset, Residual } from "./count-request.ts";
import { batchesOf, eachRow, loadBlocks } from "./itemset-rows.ts";

/** Answers one request from bitmaps in this thread. */
export function answerRequest(kernel: Kernel, table: BitTable, request: CountRequest, meter?: Meter): CountAnswer {
  switch (request.kind) {
    case "totals":
      return {
        failures: rowsOf(table.failing),
        passes: rowsOf(table.passing),
        failing: countGroups(kernel, table.items, table.failing, everyItem(table.items), meter),
        passing: countGroups(kernel, table.items, table.passing, everyItem(table.items), meter),
      };
    case "groups":
      return countGroups(kernel, table.items, table[request.side], request.groups, meter);
    case "residual":
      return residual(kernel, table, request.shown, request.candidates);
    case "cells":
      return countCells(kernel, table, request.strata, request.shown, request.candidates);
    case "clusters":
      return clusterMoments(kernel, table, request.candidates);
    default:
      return describe(kernel, table, request.itemsets, request.exemplars);
  }
}

/** Each item counted within itself. */
function everyItem(items: number): Groups {
  const all = Uint16Array.from({ length: items }, (_, item) => item);
  const prefixes = Uint16Array.from({ length: 2 * items }, (_, index) => (index % 2 === 0 ? index / 2 : NO_PREFIX));
  return { prefixes, sizes: new Uint32Array(items).fill(1), extensions: all };
}

function residual(
  kernel: Kernel,
  table: BitTable,
  shown: readonly Itemset[],
  candidates: readonly Itemset[],
): Residual {
  const needed = [...new Set([...shown, ...candidates].flat())];
  const count = (blocks: readonly BitBlock[]): { rows: number; matching: Uint32Array } => {
    const matching = new Uint32Array(candidates.length);
    let rows = 0;
    for (const batch of batchesOf(blocks, needed.length + 2)) {
      const { conjunction, everyRow, stride } = loadBlocks(kernel, batch, needed);
      for (const itemset of shown) kernel.subtract(everyRow, conjunction(itemset), stride, everyRow);
      rows += kernel.count(everyRow, everyRow, stride);
      candidates.forEach((itemset, index) => {
        matching[index] = (matching[index] ?? 0) + kernel.count(everyRow, conjunction(itemset), stride);
      });
    }
    return { rows, matching };
  };
  const [failing, passing] = [count(table.failing), count(table.passing)];
  return { failures: failing.rows, passes: passing.rows, failing: failing.matching, passing: passing.matching };
}

function describe(kernel: Kernel, table: BitTable, itemsets: readonly Itemset[], exemplars: number): Description[] {
  const needed = [...new Set(itemsets.flat())];
  const descriptions = itemsets.map(() => ({
    always: Array.from({ length: table.items }, (_, item) => item),
    culprits: new Map<string, number>(),
    reasons: new Map<string, number>(),
    exemplars: [] as string[],
  }));
  // Newest blocks come last, and recent exemplars are the useful ones.
  for (const block of table.failing.toReversed()) {
    const { conjunction, memory } = loadBlocks(kernel, [block], needed);
    for (const [index, description] of descriptions.entries()) {
      const address = conjunction(itemsets[index] ?? []);
      // After a block or two hardly any item is left to be looked at.
      description.always = description.always.filter((item) => holdsAlways(block, item, memory, address));
      if (block.traceIds === undefined) continue;
      const { culprits, reasons, exemplars: ids } = description;
      eachRow(memory, address, block.stride, (row) => {
        const id = block.traceIds?.[row];
        if (id !== undefined && ids.length < exemplars) ids.push(id);
        tally(culprits, block.culprits?.[row]);
        tally(reasons, block.reasons?.[row]);
      });
    }
  }
  return descriptions;
}

function tally(counts: Map<string, number>, name: string | null | undefined): void {
  if (typeof name === "string") counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Whether an item holds for every row of the bitmap at `address`. */
function holdsAlways({ bits, stride }: BitBlock, item: number, memory: Uint8Array, address: number): boolean {
  const start = item * stride;
  for (let byte = 0; byte < stride; byte += 1) {
    if (((memory[address + byte] ?? 0) & ~(bits[start + byte] ?? 0)) !== 0) return false;
  }
  return true;
}
