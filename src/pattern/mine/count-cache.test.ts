import { describe, expect, it } from "vitest";
import { randomSource } from "../../internal/random.ts";
import type { FeatureRow } from "../../model/pattern.ts";
import { buildTable } from "../bit-table.ts";
import type { BitTable } from "../bit-table.ts";
import { buildCodebook } from "../codebook.ts";
import { createKernel } from "../kernel/create-kernel.ts";
import { NO_PREFIX } from "../kernel/kernel.ts";
import { answerRequest } from "./answer-request.ts";
import { CountCache } from "./count-cache.ts";
import type { CountRequest, Groups } from "./count-request.ts";

const random = randomSource(7);
const rows = Array.from({ length: 900 }, (_, i): FeatureRow => ({
  traceId: `t${i}`,
  at: i,
  failed: random() < 0.3,
  features: Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`f${at}`, `v${Math.floor(random() * 3)}`])),
}));
const codebook = buildCodebook(rows);
const buckets = Array.from({ length: 30 }, (_, hour) => buildTable(codebook, rows.slice(30 * hour, 30 * hour + 30)));
const windowAt = (first: number): BitTable => ({
  items: codebook.items.length,
  failing: buckets.slice(first, first + 10).flatMap(({ failing }) => failing),
  passing: buckets.slice(first, first + 10).flatMap(({ passing }) => passing),
});

/** Some pairs, each as likely as not, ascending as a search lists them. */
function somePairs(): Groups {
  const items = codebook.items.map((_, item) => item);
  const groups = items
    .map((item) => ({ item, later: items.filter((other) => other > item && random() < 0.5) }))
    .filter(({ later }) => later.length > 0);
  return {
    prefixes: Uint16Array.from(groups.flatMap(({ item }) => [item, NO_PREFIX])),
    sizes: Uint32Array.from(groups, ({ later }) => later.length),
    extensions: Uint16Array.from(groups.flatMap(({ later }) => later)),
  };
}

describe("CountCache", () => {
  it("answers as a fresh count does while buckets come and go and questions change", () => {
    const kernel = createKernel();
    const cache = new CountCache(kernel);
    for (let first = 0; first < 20; first += 1) {
      const window = windowAt(first);
      const answer = cache.startRun(window);
      const shown = [[0], [4, 7], [12]].filter(() => random() < 0.7);
      const candidates = [[1], [2, 5], [3, 6, 9], [8]].filter(() => random() < 0.6);
      const requests: CountRequest[] = [
        { kind: "totals" },
        { kind: "groups", step: "pairs", side: "failing", groups: somePairs() },
        { kind: "groups", step: "pairs", side: "passing", groups: somePairs() },
        { kind: "cells", strata: [], shown, candidates },
        { kind: "cells", strata: [[15], [16]], shown: [[0, 4, 7, 10]], candidates: candidates.toReversed() },
        { kind: "cells", strata: [], shown, candidates: [[11], ...candidates] },
      ];
      for (const request of requests) {
        const [actual, expected] = [answer(request), answerRequest(kernel, window, request)];
        if (request.kind !== "cells") expect(actual).toEqual(expected);
        else expect(sorted(actual)).toEqual(sorted(expected));
      }
      cache.apply(buckets[first + 10] as BitTable, 1);
      cache.apply(buckets[first] as BitTable, -1);
    }
  });
});

function sorted(cells: unknown): unknown[] {
  return [...(cells as Map<number, unknown>)].sort(([a], [b]) => a - b);
}
