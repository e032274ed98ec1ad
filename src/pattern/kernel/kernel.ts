/** Lengths handed to a kernel are multiples of this many bytes; rows past the end are zero bits. */
export const KERNEL_STEP = 128;

/** Second prefix of a group that has only one. */
export const NO_PREFIX = 0xffff;

/**
 * Counts over bitmaps that lie in the kernel's own memory; addresses are byte offsets into it. `bytes` is a positive
 * multiple of `KERNEL_STEP`, addresses of bitmaps are multiples of 16.
 */
export interface Kernel {
  readonly name: "wasm" | "js";
  /** The kernel's memory, at least `bytes` long. An earlier view may be stale after this. */
  reserve: (bytes: number) => Uint8Array<ArrayBuffer>;
  /** Bits set in both a and b. */
  count: (a: number, b: number, bytes: number) => number;
  /** out = a and b. */
  intersect: (a: number, b: number, bytes: number, out: number) => void;
  /** out = a and not b. */
  subtract: (a: number, b: number, bytes: number, out: number) => void;
  /**
   * The hot loop. Item i's bitmap lies at `items + i * stride`. Each group is 8 bytes, `u16 a, u16 b, u32 size` with size at
   * least 1: the rows in a and b (a alone when b is `NO_PREFIX`) are counted in each of the next `size` items listed as u16
   * at `extensions`, and added to the u32 at `out`. `scratch` holds one bitmap. `groups` is before `groupsEnd`.
   */
  countGroups: (
    items: number,
    stride: number,
    groups: number,
    groupsEnd: number,
    extensions: number,
    out: number,
    scratch: number,
  ) => void;
}
