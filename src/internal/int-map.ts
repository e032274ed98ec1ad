/** Whole numbers by 32-bit keys, several times faster than a `Map`: open addressing in one typed array. Values are 0 or more. */
export interface IntMap {
  /** The value of a key, or -1. */
  get(key: number): number;
  /** The value of a key; one that is new gets `value`. */
  getOrSet(key: number, value: number): number;
}

/** @param expected keys to make room for; it grows beyond that */
export function createIntMap(expected = 0): IntMap {
  let bits = Math.max(6, 33 - Math.clz32(expected));
  // Key and value + 1 side by side, so that both come with one cache line; 0 says that the slot is free.
  let slots = new Int32Array(2 << bits);
  let size = 0;

  /** Where a key is, or where it would be put. Fibonacci hashing spreads keys that differ in few bits (Knuth, TAOCP 6.4). */
  const slotOf = (key: number): number => {
    const mask = slots.length - 2;
    let slot = (Math.imul(key, 0x9e3779b1) >>> (31 - bits)) & mask;
    while (slots[slot + 1]! !== 0 && slots[slot] !== key) slot = (slot + 2) & mask;
    return slot;
  };
  const grow = (): void => {
    const old = slots;
    bits++;
    slots = new Int32Array(2 << bits);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue;
      const slot = slotOf(old[i]!);
      slots[slot] = old[i]!;
      slots[slot + 1] = old[i + 1]!;
    }
  };
  return {
    get: (key) => slots[slotOf(key) + 1]! - 1,
    getOrSet(key, value) {
      const slot = slotOf(key);
      if (slots[slot + 1]! !== 0) return slots[slot + 1]! - 1;
      slots[slot] = key;
      slots[slot + 1] = value + 1;
      if (++size * 4 > slots.length) grow();
      return value;
    },
  };
}
