import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKernel } from "./create-kernel.ts";
import { KERNEL_STEP, NO_PREFIX } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";
import { wasmKernel } from "./wasm-kernel.ts";

const bitmaps = fc.integer({ min: 1, max: 5 }).chain((steps) =>
  fc.array(fc.uint8Array({ minLength: steps * KERNEL_STEP, maxLength: steps * KERNEL_STEP }), {
    minLength: 3,
    maxLength: 6,
  }),
);

function bits(a: Uint8Array, keep: (index: number) => number): number {
  let sum = 0;
  a.forEach((byte, index) => {
    for (let rest = byte & keep(index); rest > 0; rest >>= 1) sum += rest & 1;
  });
  return sum;
}

/** Lays bitmaps out as items 0, 1, 2, ... from address 0. */
function load(
  kernel: Kernel,
  items: readonly Uint8Array[],
): { stride: number; after: number; memory: Uint8Array<ArrayBuffer> } {
  const stride = items[0]?.length ?? 0;
  const after = stride * items.length;
  const memory = kernel.reserve(after + 100_000);
  items.forEach((item, index) => memory.set(item, index * stride));
  return { stride, after, memory };
}

describe.each(["wasm", "js"] as const)("%s kernel", (name) => {
  const kernel = createKernel(name);

  it("is the one asked for", () => expect(kernel.name).toBe(name));

  it("counts, intersects and subtracts like a loop over bits", () => {
    fc.assert(
      fc.property(bitmaps, (items) => {
        const { stride, after, memory } = load(kernel, items);
        const [a, b] = [items[0] ?? new Uint8Array(), items[1] ?? new Uint8Array()];
        expect(kernel.count(0, stride, stride)).toBe(bits(a, (index) => b[index] ?? 0));
        kernel.intersect(0, stride, stride, after);
        expect(memory.slice(after, after + stride)).toEqual(a.map((byte, index) => byte & (b[index] ?? 0)));
        kernel.subtract(0, stride, stride, after);
        expect(memory.slice(after, after + stride)).toEqual(a.map((byte, index) => byte & ~(b[index] ?? 0)));
      }),
      { numRuns: 30 },
    );
  });

  it("counts whole groups and adds to what is there", () => {
    fc.assert(
      fc.property(bitmaps, (items) => {
        const { stride, after, memory } = load(kernel, items);
        const [scratch, groups] = [after, after + stride];
        const [extensions, out] = [groups + 16, groups + 32];
        new Uint16Array(memory.buffer).set([0, NO_PREFIX, 2, 0, 0, 1, 1, 0, 1, 2, 2], groups / 2);
        new Uint16Array(memory.buffer).set([1, 2, 2], extensions / 2);
        new Uint32Array(memory.buffer).set([5, 0, 0], out / 4);
        kernel.countGroups(0, stride, groups, groups + 16, extensions, out, scratch);
        const [a, b, c] = [items[0] ?? new Uint8Array(), items[1] ?? new Uint8Array(), items[2] ?? new Uint8Array()];
        const at = (bitmap: Uint8Array, index: number): number => bitmap[index] ?? 0;
        expect([...new Uint32Array(memory.buffer, out, 3)]).toEqual([
          5 + bits(a, (i) => at(b, i)),
          bits(a, (i) => at(c, i)),
          bits(a, (i) => at(b, i) & at(c, i)),
        ]);
      }),
      { numRuns: 30 },
    );
  });

  it("does not overflow on long runs of ones", () => {
    const ones = new Uint8Array(1000 * KERNEL_STEP).fill(255);
    load(kernel, [ones, ones]);
    expect(kernel.count(0, ones.length, ones.length)).toBe(ones.length * 8);
  });

  it("keeps its content when it grows", () => {
    kernel.reserve(64)[7] = 9;
    expect(kernel.reserve(40_000_000)[7]).toBe(9);
  });
});

it("runs as WASM SIMD here", () => expect(wasmKernel()).not.toBeNull());
