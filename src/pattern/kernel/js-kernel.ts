import { NO_PREFIX } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";

/** The kernel in plain JavaScript, for engines without WASM SIMD and as the yardstick of the other one. */
export function jsKernel(): Kernel {
  let memory = new ArrayBuffer(1 << 20);
  let words = new Int32Array(memory);

  const count = (a: number, b: number, bytes: number): number => {
    const [p, q, length] = [a >>> 2, b >>> 2, bytes >>> 2];
    let sum = 0;
    for (let index = 0; index < length; index += 1) sum += popcount((words[p + index] ?? 0) & (words[q + index] ?? 0));
    return sum;
  };
  const intersect = (a: number, b: number, bytes: number, out: number): void => {
    const [p, q, to, length] = [a >>> 2, b >>> 2, out >>> 2, bytes >>> 2];
    for (let index = 0; index < length; index += 1)
      words[to + index] = (words[p + index] ?? 0) & (words[q + index] ?? 0);
  };
  const subtract = (a: number, b: number, bytes: number, out: number): void => {
    const [p, q, to, length] = [a >>> 2, b >>> 2, out >>> 2, bytes >>> 2];
    for (let index = 0; index < length; index += 1)
      words[to + index] = (words[p + index] ?? 0) & ~(words[q + index] ?? 0);
  };
  return {
    name: "js",
    reserve: (bytes) => {
      if (bytes > memory.byteLength) {
        const grown = new ArrayBuffer(Math.ceil(bytes / 65_536) * 65_536);
        new Uint8Array(grown).set(new Uint8Array(memory));
        memory = grown;
        words = new Int32Array(memory);
      }
      return new Uint8Array(memory);
    },
    count,
    intersect,
    subtract,
    countGroups: (items, stride, groups, groupsEnd, extensions, out, scratch) => {
      const shorts = new Uint16Array(memory);
      let extension = extensions >>> 1;
      let target = out >>> 2;
      for (let group = groups; group < groupsEnd; group += 8) {
        let base = items + (shorts[group >>> 1] ?? 0) * stride;
        const second = shorts[(group >>> 1) + 1] ?? 0;
        if (second !== NO_PREFIX) {
          intersect(base, items + second * stride, stride, scratch);
          base = scratch;
        }
        for (let left = words[(group >>> 2) + 1] ?? 0; left > 0; left -= 1) {
          words[target] = (words[target] ?? 0) + count(base, items + (shorts[extension] ?? 0) * stride, stride);
          extension += 1;
          target += 1;
        }
      }
    },
  };
}

/** Bits set in 32, by adding neighbours (the SWAR method). */
function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
