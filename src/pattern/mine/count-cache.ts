import type { BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { answerRequest } from "./answer-request.ts";
import { CellCache } from "./cell-cache.ts";
import { countGroups } from "./count-groups.ts";
import type { CountAnswer, CountRequest, Groups, Side, Step, Totals } from "./count-request.ts";
import { notIn, sameGroups } from "./known-groups.ts";

/** Groups that were counted, kept current. */
interface Counted {
  step: Step;
  side: Side;
  groups: Groups;
  counts: Uint32Array;
}

/** Runs for which a count is kept that is not asked for any more: what is about significant comes and goes. */
const KEPT_RUNS = 8;

/**
 * Answers a miner's requests over a window that changes by whole buckets. Counts add up over buckets, so what recent runs
 * asked is brought up to date from the bucket that came or went, and only conjunctions not asked for before are counted in full.
 */
export class CountCache {
  readonly #kernel: Kernel;
  readonly #cells: CellCache;
  #totals: Totals | null = null;
  /** What the last run asked, and what only runs before it asked, newest first. */
  #last: Counted[] = [];
  #left: Counted[][] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#cells = new CellCache(kernel);
  }

  /** Adds a bucket's rows to everything remembered, or takes them away. */
  apply(bucket: BitTable, sign: 1 | -1): void {
    if (this.#totals !== null) {
      const change = answerRequest(this.#kernel, bucket, { kind: "totals" }) as Totals;
      this.#totals.failures += sign * change.failures;
      this.#totals.passes += sign * change.passes;
      addTo(this.#totals.failing, change.failing, sign);
      addTo(this.#totals.passing, change.passing, sign);
    }
    for (const { side, groups, counts } of [...this.#last, ...this.#left.flat()]) {
      addTo(counts, countGroups(this.#kernel, bucket.items, bucket[side], groups), sign);
    }
    this.#cells.apply(bucket, sign);
  }

  /** An answering function for one run over the whole window. */
  startRun(window: BitTable): (request: CountRequest) => CountAnswer {
    const before = this.#last;
    this.#last = [];
    this.#left = [[], ...this.#left].slice(0, KEPT_RUNS);
    const answerCells = this.#cells.startRun(window);
    return (request) => {
      if (request.kind === "totals") {
        this.#totals ??= answerRequest(this.#kernel, window, request) as Totals;
        return { ...this.#totals, failing: this.#totals.failing.slice(), passing: this.#totals.passing.slice() };
      }
      if (request.kind === "cells") return answerCells(request);
      if (request.kind !== "groups") return answerRequest(this.#kernel, window, request);
      const { step, side, groups } = request;
      const isSame = (one: Counted): boolean => one.step === step && one.side === side;
      const known = before.find(isSame);
      const counts = this.#count(window, side, groups, known, this.#left.flat().filter(isSame));
      this.#last.push({ step, side, groups, counts });
      return counts.slice();
    };
  }

  #count(
    window: BitTable,
    side: Side,
    groups: Groups,
    known: Counted | undefined,
    left: readonly Counted[],
  ): Uint32Array {
    if (known === undefined) return countGroups(this.#kernel, window.items, window[side], groups);
    if (sameGroups(groups, known.groups)) return known.counts;
    const gone = notIn(known.groups, { groups, counts: new Uint32Array(groups.extensions.length) });
    const leaving = Uint32Array.from(gone.places, (place) => known.counts[place] ?? 0);
    if (leaving.length > 0) this.#left[0]?.push({ ...known, groups: gone.missing, counts: leaving });

    const { counts, missing, places } = notIn(groups, known);
    const fresh = this.#countMissing(window, side, missing, left);
    places.forEach((place, index) => (counts[place] = fresh[index] ?? 0));
    return counts;
  }

  /** From what earlier runs left, as far as that goes, and from the window. */
  #countMissing(window: BitTable, side: Side, groups: Groups, [first, ...rest]: readonly Counted[]): Uint32Array {
    if (first === undefined || groups.sizes.length === 0)
      return countGroups(this.#kernel, window.items, window[side], groups);
    const { counts, missing, places } = notIn(groups, first);
    const fresh = this.#countMissing(window, side, missing, rest);
    places.forEach((place, index) => (counts[place] = fresh[index] ?? 0));
    return counts;
  }
}

function addTo(sums: Uint32Array, change: Uint32Array, sign: 1 | -1): void {
  // In whole numbers of 32 bits, and two loops, since this runs over a quarter of a million counts for each bucket.
  if (sign === 1) for (let at = 0; at < sums.length; at += 1) sums[at] = ((sums[at] ?? 0) + (change[at] ?? 0)) | 0;
  else for (let at = 0; at < sums.length; at += 1) sums[at] = ((sums[at] ?? 0) - (change[at] ?? 0)) | 0;
}
