import type { Groups, Side, Totals } from "./count-request.ts";
import type { Level } from "./enumerate.ts";

/** Counts of all pairs of some items, looked up by item number or, in loops, by place among these items. */
export class PairTable {
  /** The items, ascending; an item's place is its index here. */
  readonly items: readonly number[];
  readonly #totals: Totals;
  /** Item number to place; 0 for items that are not in the table. */
  readonly #placeOf: Uint16Array;
  /** Symmetric, `items.length` wide. Passing counts are known where failing ones were frequent. */
  readonly #counts: Record<Side, Uint32Array>;

  constructor(items: readonly number[], totals: Totals) {
    this.items = items;
    this.#totals = totals;
    this.#placeOf = new Uint16Array(totals.failing.length);
    items.forEach((item, place) => (this.#placeOf[item] = place));
    const cells = items.length * items.length;
    this.#counts = { failing: new Uint32Array(cells), passing: new Uint32Array(cells) };
  }

  /** Enters the counts of single-prefix groups. */
  record(side: Side, { prefixes, sizes, extensions }: Groups, counts: Uint32Array): void {
    const [matrix, places, width] = [this.#counts[side], this.#placeOf, this.items.length];
    for (let group = 0, at = 0; group < sizes.length; group += 1) {
      const a = places[prefixes[2 * group] ?? 0] ?? 0;
      for (const end = at + (sizes[group] ?? 0); at < end; at += 1) {
        const b = places[extensions[at] ?? 0] ?? 0;
        matrix[a * width + b] = matrix[b * width + a] = counts[at] ?? 0;
      }
    }
  }

  /** Failing or passing runs with both items, which differ. */
  count(side: Side, a: number, b: number): number {
    return this.#counts[side][(this.#placeOf[a] ?? 0) * this.items.length + (this.#placeOf[b] ?? 0)] ?? 0;
  }

  /** The counts by place: cell `a * items.length + b`. */
  byPlace(side: Side): Uint32Array {
    return this.#counts[side];
  }

  placeOf(item: number): number {
    return this.#placeOf[item] ?? 0;
  }

  /**
   * How much more often each pair fails than its two items make expect (their risk ratios multiplied), in standard deviations,
   * by place: what is left when an item is only strong by itself.
   */
  interactionByPlace(): Float32Array {
    const { failures, passes } = this.#totals;
    const [{ failing, passing }, overall] = [this.#counts, failures / (failures + passes)];
    const rates = Float64Array.from(this.items, (item) => {
      const f = this.#totals.failing[item] ?? 0;
      return f / Math.max(1, f + (this.#totals.passing[item] ?? 0));
    });
    const z = new Float32Array(failing.length);
    for (let a = 0, cell = 0; a < rates.length; a += 1) {
      for (let b = 0; b < rates.length; b += 1, cell += 1) {
        const f = failing[cell] ?? 0;
        const matching = f + (passing[cell] ?? 0);
        const expected = Math.min(0.95, ((rates[a] ?? 0) * (rates[b] ?? 0)) / overall);
        const variance = matching * expected * (1 - expected);
        if (variance > 0) z[cell] = (f - matching * expected) / Math.sqrt(variance);
      }
    }
    return z;
  }

  /** The pairs of these groups with at least `least` failing runs, as a level. */
  level({ prefixes, sizes, extensions }: Groups, least: number): Level {
    const items = new Uint16Array(2 * extensions.length);
    const failing = new Uint32Array(extensions.length);
    const passing = new Uint32Array(extensions.length);
    let size = 0;
    for (let group = 0, at = 0; group < sizes.length; group += 1) {
      const a = prefixes[2 * group] ?? 0;
      for (const end = at + (sizes[group] ?? 0); at < end; at += 1) {
        const b = extensions[at] ?? 0;
        const f = this.count("failing", a, b);
        if (f < least) continue;
        items[2 * size] = a;
        items[2 * size + 1] = b;
        failing[size] = f;
        passing[size] = this.count("passing", a, b);
        size += 1;
      }
    }
    return {
      depth: 2,
      size,
      items: items.slice(0, 2 * size),
      failing: failing.slice(0, size),
      passing: passing.slice(0, size),
    };
  }
}
