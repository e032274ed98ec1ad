import type { BitBlock } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Itemset } from "./count-request.ts";

export interface LoadedBlocks {
  memory: Uint8Array<ArrayBuffer>;
  /** Bytes a bitmap takes. */
  stride: number;
  /** Address of a bitmap with a one for each row; yours to change. */
  everyRow: number;
  addressOf: (item: number) => number;
  /** Address of the rows that have all items; valid until the next call, and not to be changed. */
  conjunction: (itemset: Itemset) => number;
  /** Address of the spare bitmaps that were asked for, one after the other. */
  spare: number;
}

/** Bytes of bitmaps that stay in a core's second-level cache while they are combined. */
const CACHED_BYTES = 1_000_000;

/** Neighbouring blocks to be loaded as one: as many as `bitmaps` of them fit a cache, so that small ones cost few calls. */
export function batchesOf(blocks: readonly BitBlock[], bitmaps: number): BitBlock[][] {
  const batches: BitBlock[][] = [];
  let room = 0;
  for (const block of blocks) {
    if (block.stride > room) {
      batches.push([]);
      room = CACHED_BYTES / bitmaps;
    }
    batches.at(-1)?.push(block);
    room -= block.stride;
  }
  return batches;
}

/** Puts the bitmaps of some items, over these blocks one after the other, into the kernel's memory, with room for a few more. */
export function loadBlocks(
  kernel: Kernel,
  blocks: readonly BitBlock[],
  items: readonly number[],
  spares = 0,
): LoadedBlocks {
  const stride = blocks.reduce((sum, block) => sum + block.stride, 0);
  const everyRow = items.length * stride;
  const scratch = everyRow + stride;
  const spare = scratch + stride;
  const memory = kernel.reserve(spare + spares * stride);
  const places = new Map(items.map((item, place) => [item, place * stride]));
  memory.fill(0, everyRow, scratch);
  let offset = 0;
  for (const { rows, stride: own, bits } of blocks) {
    items.forEach((item, place) => memory.set(bits.subarray(item * own, (item + 1) * own), place * stride + offset));
    const start = everyRow + offset;
    memory.fill(0xff, start, start + (rows >>> 3));
    if (rows % 8 !== 0) memory[start + (rows >>> 3)] = (1 << (rows % 8)) - 1;
    offset += own;
  }
  const addressOf = (item: number): number => places.get(item) ?? 0;
  return {
    memory,
    stride,
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
