import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createProgram } from "../src/cli/program.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import { newId } from "../src/model/id.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { json, rootWrite } from "./contract/span-writes.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-calibration-"));
let store: Store;
let loop: FeedbackLoop;
let truth: Record<string, number>;

/** 200 runs, three in ten of them bad. The judge misses some and fails some good ones; people looked at the first half. */
beforeAll(async () => {
  store = await sqliteStore({ path: join(folder, "loopsmith.db") });
  const now = Date.now();
  const runs = Array.from({ length: 200 }, (_, i) => {
    const bad = i % 10 < 3;
    const judgedBad = bad ? i % 50 !== 1 : i % 70 === 4;
    const metadata = { tier: bad && i % 20 !== 2 ? "beta" : "stable" };
    const root = rootWrite({
      startAt: now - 3_600_000 + i * 1000,
      endAt: now - 3_599_500 + i * 1000,
      metadata,
      extra: json({ metadata }),
      outputs: json({ good: judgedBad ? "n" : "y" }),
    });
    return { root, bad, judgedBad };
  });
  await store.spanIngest({ spans: runs.map(({ root }) => root) });
  const labelled = runs.slice(0, 100);
  await store.feedbackWrite({
    feedback: labelled.map(({ root, bad }) => ({
      id: newId(),
      runId: root.id,
      traceId: root.traceId,
      projectId: null,
      key: "correct",
      score: bad ? 0 : 1,
      source: { type: "app", metadata: {} },
    })),
  });
  loop = createFeedbackLoop({
    client: { store, subscribe: () => () => {} },
    projectName: "contract",
    evaluator: (run: { outputs?: Record<string, unknown> }) => ({ key: "good", score: run.outputs?.["good"] === "y" }),
    threshold: 0.5,
    settleMs: 0,
  });
  await loop.runOnce();
  truth = {
    truePositives: labelled.filter(({ bad, judgedBad }) => bad && judgedBad).length,
    falseNegatives: labelled.filter(({ bad, judgedBad }) => bad && !judgedBad).length,
    falsePositives: labelled.filter(({ bad, judgedBad }) => !bad && judgedBad).length,
    trueNegatives: labelled.filter(({ bad, judgedBad }) => !bad && !judgedBad).length,
  };
});

afterAll(async () => {
  await loop.stop();
  await store.close();
});

it("measures the verdicts against people, and patterns carry it", async () => {
  const { confusion, judge, failures, passes } = await loop.calibration({ humanKey: "correct" });
  expect(confusion).toEqual(truth);
  expect([failures, passes]).toEqual([30, 70]);
  expect(truth["falseNegatives"]).toBeGreaterThan(0);
  expect(truth["falsePositives"]).toBeGreaterThan(0);
  expect(judge).toEqual({
    truePositiveRate: truth["truePositives"]! / 30,
    trueNegativeRate: truth["trueNegatives"]! / 70,
    labelled: { failing: 30, passing: 70 },
  });
  const { patterns } = await loop.patterns({ judge });
  expect(patterns.length).toBeGreaterThan(0);
  for (const { riskRatio, judgeCorrected } of patterns) expect(judgeCorrected?.riskRatio).toBeGreaterThan(riskRatio);
  expect((await loop.patterns()).patterns[0]?.judgeCorrected).toBeUndefined();

  const lines: string[] = [];
  const terminal = { out: (text: string) => lines.push(text), err: () => {}, interactive: false };
  const program = createProgram(terminal, { LOOPSMITH_DATA_DIR: folder });
  await program.parseAsync(["node", "loopsmith", "patterns", "--human", "correct", "--json"]);
  expect(JSON.parse(lines.join("\n"))).toMatchObject({ patterns: [{ judgeCorrected: patterns[0]?.judgeCorrected }] });
});

it("refuses where people said too little", async () => {
  await expect(loop.calibration({ humanKey: "correct", minPerClass: 31 })).rejects.toMatchObject({ code: "invalid" });
  await expect(loop.calibration({ humanKey: "nobody" })).rejects.toMatchObject({
    code: "invalid",
    details: { failures: 0, passes: 0 },
  });
});
