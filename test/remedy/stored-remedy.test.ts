import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findRemedy } from "../../src/loop/remedy/loop-remedies.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { newRemedy } from "../../src/remedy/remedy-state.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";

it("reads verdicts of the gate that were stored when its rates had other names", async () => {
  await using store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-stored-")), "r.db") });
  const improvement = { estimate: 0.1, low: 0, high: 0.2 };
  const truth = { truePositiveRate: 0.9, trueNegativeRate: 0.8, improvement };
  const candidates = [
    { name: "old", verdict: { truth } },
    { name: "other", verdict: { truth: null } },
    { verdict: null },
  ];
  const state = { ...newRemedy({ id: "a", name: "a", patternId: "p", baseline: {} }), candidates, version: 1 };
  await store.remedyPut({ id: "a", loopId: "loop", state: state as unknown as JsonObject, expectedVersion: 0 });
  const { candidates: read } = await findRemedy(store, "a");
  expect(read[0]).toEqual({
    name: "old",
    verdict: { truth: { sensitivityToFailures: 0.8, specificity: 0.9, improvement } },
  });
  expect(read.slice(1)).toEqual(candidates.slice(1));
});
