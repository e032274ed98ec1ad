import type { BitBlock } from "../bit-table.ts";
import { NO_PREFIX } from "../kernel/kernel.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Groups } from "./count-request.ts";

/** Candidate bitmap bytes a kernel has read, for throughput figures. */
export interface Meter {
  bytes: number;
}

/** Counts every conjunction of `groups` over all blocks: each block is copied next to the kernel once and stays in cache. */
export function countGroups(
  kernel: Kernel,
  items: number,
  blocks: readonly BitBlock[],
  { prefixes, sizes, extensions }: Groups,
  meter?: Meter,
): Uint32Array {
  const widest = blocks.reduce((most, block) => Math.max(most, block.stride), 0);
  if (widest === 0 || sizes.length === 0) return new Uint32Array(extensions.length);
  const scratch = items * widest;
  const groups = scratch + widest;
  const groupsEnd = groups + 8 * sizes.length;
  const out = groupsEnd;
  const listed = out + 4 * extensions.length;
  const memory = kernel.reserve(listed + 2 * extensions.length);

  const header = new DataView(memory.buffer, groups, 8 * sizes.length);
  sizes.forEach((size, group) => {
    header.setUint16(8 * group, prefixes[2 * group] ?? 0, true);
    header.setUint16(8 * group + 2, prefixes[2 * group + 1] ?? 0, true);
    header.setUint32(8 * group + 4, size, true);
  });
  new Uint16Array(memory.buffer, listed, extensions.length).set(extensions);
  const counts = new Uint32Array(memory.buffer, out, extensions.length).fill(0);
  // Few conjunctions, as a sliding window asks for, need few of the bitmaps.
  const needed = extensions.length < items ? new Set([...prefixes, ...extensions]) : null;
  needed?.delete(NO_PREFIX);
  for (const { bits, stride } of blocks) {
    if (needed === null) memory.set(bits.length > items * stride ? bits.subarray(0, items * stride) : bits);
    else for (const item of needed) memory.set(bits.subarray(item * stride, (item + 1) * stride), item * stride);
    kernel.countGroups(0, stride, groups, groupsEnd, listed, out, scratch);
    if (meter) meter.bytes += (extensions.length + sizes.length) * stride;
  }
  return counts.slice();
}
