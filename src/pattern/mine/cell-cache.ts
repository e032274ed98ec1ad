import type { BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { countCells } from "./count-cells.ts";
import type { Cell, Cells, CountRequest, Itemset } from "./count-request.ts";

type CellRequest = CountRequest & { kind: "cells" };

/** Candidates counted in the cells of some strata and shown patterns, kept current. */
interface Counted {
  strata: readonly Itemset[];
  shown: readonly Itemset[];
  candidates: Itemset[];
  /** Most candidates the last run that asked wanted at once. */
  wanted: number;
  /** Place of each candidate, by its items. */
  places: Map<string, number>;
  cells: Cells;
}

/** Candidates that are kept current for each that is wanted; those beyond it came and went. */
const MAX_WASTE = 4;

/**
 * Cells of the last run, kept current as whole buckets come and go. From hour to hour mostly the same patterns are chosen, and
 * then mostly the same is asked on the way.
 */
export class CellCache {
  readonly #kernel: Kernel;
  #counted = new Map<string, Counted>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  apply(bucket: BitTable, sign: 1 | -1): void {
    for (const { strata, shown, candidates, cells } of this.#counted.values()) {
      for (const [number, change] of countCells(this.#kernel, bucket, strata, shown, candidates)) {
        const cell = cells.get(number) ?? emptyCell(candidates.length);
        cells.set(number, cell);
        cell.failures += sign * change.failures;
        cell.passes += sign * change.passes;
        candidates.forEach((_, at) => {
          cell.failing[at] = (cell.failing[at] ?? 0) + sign * (change.failing[at] ?? 0);
          cell.passing[at] = (cell.passing[at] ?? 0) + sign * (change.passing[at] ?? 0);
        });
        // A cell that lost its last run is one that a fresh count would not list.
        if (cell.failures + cell.passes === 0) cells.delete(number);
      }
    }
  }

  /** An answering function for one run over the whole window. What the run does not ask is forgotten after it. */
  startRun(window: BitTable): (request: CellRequest) => Cells {
    const before = this.#counted;
    this.#counted = new Map();
    return ({ strata, shown, candidates }) => {
      const key = JSON.stringify([strata, shown]);
      const known = this.#counted.get(key) ?? kept(before.get(key)) ?? noneOf(strata, shown);
      this.#counted.set(key, known);
      known.wanted = Math.max(known.wanted, candidates.length);
      this.#add(window, known, candidates);
      const places = candidates.map((candidate) => known.places.get(candidate.join()) ?? 0);
      return new Map(
        [...known.cells].map(([number, { failures, passes, failing, passing }]) => {
          const pick = (counts: Uint32Array): Uint32Array => Uint32Array.from(places, (place) => counts[place] ?? 0);
          return [number, { failures, passes, failing: pick(failing), passing: pick(passing) }];
        }),
      );
    };
  }

  /** Counts the candidates that are not known yet. */
  #add(window: BitTable, known: Counted, candidates: readonly Itemset[]): void {
    const fresh = candidates.filter((candidate) => !known.places.has(candidate.join()));
    if (fresh.length === 0) return;
    for (const candidate of fresh) {
      known.places.set(candidate.join(), known.candidates.length);
      known.candidates.push(candidate);
    }
    for (const [number, cell] of countCells(this.#kernel, window, known.strata, known.shown, fresh)) {
      const old = known.cells.get(number);
      const join = (side: "failing" | "passing"): Uint32Array =>
        Uint32Array.from([...(old?.[side] ?? []), ...cell[side]]);
      known.cells.set(number, { ...cell, failing: join("failing"), passing: join("passing") });
    }
  }
}

/** What the last run knew, unless most of it has not been wanted for long. */
function kept(known: Counted | undefined): Counted | undefined {
  if (known === undefined || known.candidates.length > MAX_WASTE * known.wanted) return undefined;
  return { ...known, wanted: 0 };
}

function noneOf(strata: readonly Itemset[], shown: readonly Itemset[]): Counted {
  return { strata, shown, candidates: [], wanted: 0, places: new Map(), cells: new Map() };
}

function emptyCell(candidates: number): Cell {
  return { failures: 0, passes: 0, failing: new Uint32Array(candidates), passing: new Uint32Array(candidates) };
}
