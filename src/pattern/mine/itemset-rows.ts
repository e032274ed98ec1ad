import type { BitBlock } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Itemset } from "./count-request.ts";

export interface LoadedBlock {
  memory: Uint8Array<ArrayBuffer>;
  /** Address of a bitmap with a one for each row of the block; yours to change. */
  everyRow: number;
  addressOf: (item: number) => number;
  /** Address of the rows that have all items; valid until the next call, and not to be changed. */
  conjunction: (itemset: Itemset) => number;
  /** Address of the spare bitmaps that were asked for, one after the other. */
  spare: number;
}

/** Puts the bitmaps of some items of a block into the kernel's memory, with room for a few more. */
export function loadBlock(
  kernel: Kernel,
  { stride, rows, bits }: BitBlock,
  items: readonly number[],
  spares = 0,
): LoadedBlock {
  const everyRow = items.length * stride;
  const scratch = everyRow + stride;
  const spare = scratch + stride;
  const memory = kernel.reserve(spare + spares * stride);
  const places = new Map<number, number>();
  items.forEach((item, place) => {
    places.set(item, place * stride);
    memory.set(bits.subarray(item * stride, (item + 1) * stride), place * stride);
  });
  memory.fill(0, everyRow, scratch).fill(0xff, everyRow, everyRow + (rows >>> 3));
  if (rows % 8 !== 0) memory[everyRow + (rows >>> 3)] = (1 << (rows % 8)) - 1;
  const addressOf = (item: number): number => places.get(item) ?? 0;
  return {
    memory,
    everyRow,
    addressOf,
    spare,
    conjunction: ([first = 0, ...rest]) => {
      let address = addressOf(first);
      for (const item of rest) {
        kernel.intersect(address, addressOf(item), stride, scratch);
        address = scratch;
      }
      return address;
    },
  };
}

/** Calls `visit` with each row whose bit is set, ascending. */
export function eachRow(memory: Uint8Array, address: number, bytes: number, visit: (row: number) => void): void {
  for (let index = 0; index < bytes; index += 1) {
    for (let rest = memory[address + index] ?? 0; rest !== 0; rest &= rest - 1) {
      visit(8 * index + 31 - Math.clz32(rest & -rest));
    }
  }
}
