import type { BitTable } from "../bit-table.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { answerRequest } from "./answer-request.ts";
import { clusterCounts, mergeClusterCounts } from "./cluster-counts.ts";
import type { ClusterCounts } from "./cluster-counts.ts";
import type {
  Cells,
  ClusterMoments,
  CountAnswer,
  CountRequest,
  Description,
  Residual,
  Totals,
} from "./count-request.ts";

/** One share's answer. It adds up with those of others, which a window's own answer about clusters would not. */
export type ShareAnswer = Exclude<CountAnswer, ClusterMoments> | ClusterCounts;

/** Candidates whose clusters are asked for at once: answers list every cluster a candidate occurs in. */
const CLUSTER_BATCH = 32;

/** Answers for one share of the runs. */
export function answerShare(kernel: Kernel, table: BitTable, request: CountRequest): ShareAnswer {
  return request.kind === "clusters"
    ? clusterCounts(kernel, table, request.candidates)
    : (answerRequest(kernel, table, request) as Exclude<CountAnswer, ClusterMoments>);
}

/**
 * Answers for all runs from the answers of shares. `askShares` hands a request to every share and returns their answers in
 * the order of the shares, the oldest runs first.
 */
export async function answerFromShares(
  request: CountRequest,
  askShares: (request: CountRequest) => Promise<readonly ShareAnswer[]>,
): Promise<CountAnswer> {
  if (request.kind !== "clusters") return mergeAnswers(request, await askShares(request));
  const { candidates } = request;
  const ask = async (some: CountRequest & { kind: "clusters" }): Promise<ClusterMoments> =>
    mergeClusterCounts((await askShares(some)) as readonly ClusterCounts[]);
  const all = await ask({ kind: "clusters", candidates: [] });
  all.matchingSquared = new Float64Array(candidates.length);
  all.matchingSize = new Float64Array(candidates.length);
  for (let at = 0; at < candidates.length && all.clusters > 0; at += CLUSTER_BATCH) {
    const some = await ask({ kind: "clusters", candidates: candidates.slice(at, at + CLUSTER_BATCH) });
    all.matchingSquared.set(some.matchingSquared, at);
    all.matchingSize.set(some.matchingSize, at);
  }
  return all;
}

function mergeAnswers(request: CountRequest, shares: readonly ShareAnswer[]): CountAnswer {
  switch (request.kind) {
    case "totals":
    case "residual": {
      const answers = shares as readonly (Totals | Residual)[];
      return {
        failures: answers.reduce((total, { failures }) => total + failures, 0),
        passes: answers.reduce((total, { passes }) => total + passes, 0),
        failing: sums(answers.map(({ failing }) => failing)),
        passing: sums(answers.map(({ passing }) => passing)),
      };
    }
    case "groups":
      return sums(shares as readonly Uint32Array[]);
    case "cells":
      return mergeCells(shares as readonly Cells[]);
    case "describe": {
      // The newest runs make the exemplars, and they are in the last share.
      const newestFirst = (shares as readonly Description[][]).toReversed();
      return request.itemsets.map((_, index) =>
        mergeDescriptions(
          newestFirst.map((share) => share[index]),
          request.exemplars,
        ),
      );
    }
    default:
      throw new RangeError("clusters are merged by name");
  }
}

function mergeCells(shares: readonly Cells[]): Cells {
  const cells: Cells = new Map();
  for (const [number, cell] of shares.flatMap((share) => [...share])) {
    const known = cells.get(number);
    if (known === undefined) {
      cells.set(number, { ...cell });
      continue;
    }
    known.failures += cell.failures;
    known.passes += cell.passes;
    known.failing = sums([known.failing, cell.failing]);
    known.passing = sums([known.passing, cell.passing]);
  }
  return cells;
}

function mergeDescriptions(shares: readonly (Description | undefined)[], exemplars: number): Description {
  const known = shares.filter((share) => share !== undefined);
  return {
    always: (known[0]?.always ?? []).filter((item) => known.every((share) => share.always.includes(item))),
    culprits: mergeTallies(known.map((share) => share.culprits)),
    reasons: mergeTallies(known.map((share) => share.reasons)),
    exemplars: known.flatMap((share) => share.exemplars).slice(0, exemplars),
  };
}

function mergeTallies(tallies: readonly Map<string, number>[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const [name, count] of tallies.flatMap((tally) => [...tally])) total.set(name, (total.get(name) ?? 0) + count);
  return total;
}

function sums(all: readonly Uint32Array[]): Uint32Array {
  const total = new Uint32Array(all[0]?.length ?? 0);
  for (const one of all) one.forEach((count, at) => (total[at] = (total[at] ?? 0) + count));
  return total;
}
