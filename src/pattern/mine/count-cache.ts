import type { BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { answerRequest } from "./answer-request.ts";
import { countGroups } from "./count-groups.ts";
import type { CountAnswer, CountRequest, Groups, Side, Step, Totals } from "./count-request.ts";

/** The answer to one group request of the last mining run, kept current. */
interface Counted {
  step: Step;
  side: Side;
  groups: Groups;
  counts: Uint32Array;
}

/**
 * Answers a miner's requests over a window that changes by whole buckets. Counts add up over buckets, so what the last run
 * asked is brought up to date from the bucket that came or went, and only conjunctions not asked for before are counted in full.
 * Requests list prefixes and extensions ascending, so a run and the last one are merged like sorted lists.
 */
export class CountCache {
  readonly #kernel: Kernel;
  #totals: Totals | null = null;
  #counted: Counted[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
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
    for (const { side, groups, counts } of this.#counted) {
      addTo(counts, countGroups(this.#kernel, bucket.items, bucket[side], groups), sign);
    }
  }

  /** An answering function for one run over the whole window. */
  startRun(window: BitTable): (request: CountRequest) => CountAnswer {
    const before = this.#counted;
    this.#counted = [];
    return (request) => {
      if (request.kind === "totals") {
        this.#totals ??= answerRequest(this.#kernel, window, request) as Totals;
        return { ...this.#totals, failing: this.#totals.failing.slice(), passing: this.#totals.passing.slice() };
      }
      if (request.kind !== "groups") return answerRequest(this.#kernel, window, request);
      const { step, side, groups } = request;
      const known = before.find((one) => one.step === step && one.side === side);
      const counts = this.#count(window, side, groups, known);
      this.#counted.push({ step, side, groups, counts });
      return counts.slice();
    };
  }

  #count(window: BitTable, side: Side, groups: Groups, known: Counted | undefined): Uint32Array {
    if (known === undefined) return countGroups(this.#kernel, window.items, window[side], groups);
    const { counts, missing, places } = lookUp(groups, known);
    const fresh = countGroups(this.#kernel, window.items, window[side], missing);
    places.forEach((place, index) => (counts[place] = fresh[index] ?? 0));
    return counts;
  }
}

function addTo(sums: Uint32Array, change: Uint32Array, sign: 1 | -1): void {
  for (let index = 0; index < sums.length; index += 1) sums[index] = (sums[index] ?? 0) + sign * (change[index] ?? 0);
}

/** What the last run knows of these groups, and the rest as groups with the places their counts belong to. */
function lookUp(groups: Groups, known: Counted): { counts: Uint32Array; missing: Groups; places: number[] } {
  const counts = new Uint32Array(groups.extensions.length);
  const prefixes: number[] = [];
  const sizes: number[] = [];
  const extensions: number[] = [];
  const places: number[] = [];
  let [knownGroup, knownAt, at] = [0, 0, 0];
  const prefixOf = ({ prefixes }: Groups, group: number): number =>
    (prefixes[2 * group] ?? 0) * 65_536 + (prefixes[2 * group + 1] ?? 0);
  for (let group = 0; group < groups.sizes.length; group += 1) {
    const prefix = prefixOf(groups, group);
    while (knownGroup < known.groups.sizes.length && prefixOf(known.groups, knownGroup) < prefix) {
      knownAt += known.groups.sizes[knownGroup] ?? 0;
      knownGroup += 1;
    }
    const same = knownGroup < known.groups.sizes.length && prefixOf(known.groups, knownGroup) === prefix;
    const knownEnd = knownAt + (same ? (known.groups.sizes[knownGroup] ?? 0) : 0);
    const before = places.length;
    let look = knownAt;
    for (const end = at + (groups.sizes[group] ?? 0); at < end; at += 1) {
      const extension = groups.extensions[at] ?? 0;
      while (look < knownEnd && (known.groups.extensions[look] ?? 0) < extension) look += 1;
      if (look < knownEnd && known.groups.extensions[look] === extension) {
        counts[at] = known.counts[look] ?? 0;
        continue;
      }
      extensions.push(extension);
      places.push(at);
    }
    if (places.length === before) continue;
    prefixes.push(groups.prefixes[2 * group] ?? 0, groups.prefixes[2 * group + 1] ?? 0);
    sizes.push(places.length - before);
  }
  const missing = {
    prefixes: Uint16Array.from(prefixes),
    sizes: Uint32Array.from(sizes),
    extensions: Uint16Array.from(extensions),
  };
  return { counts, missing, places };
}
