import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Client } from "langsmith";
import { createProgram } from "../src/cli/program.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import type { JudgeCalibration } from "../src/loop/calibrate-judge.ts";
import { newId } from "../src/model/id.ts";
import { gate } from "../src/remedy/gate.ts";
import type { GatePair } from "../src/remedy/gate-pair.ts";
import { createServer, listen } from "../src/server/index.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { json, rootWrite } from "./contract/span-writes.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-calibration-"));
let store: Store;
let loop: FeedbackLoop;
let truth: Record<string, number>;
let runIds: string[];

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
  runIds = runs.map(({ root }) => root.id);
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
    failing: { agreed: truth["truePositives"], of: 30 },
    passing: { agreed: truth["trueNegatives"], of: 70 },
  });
  const { patterns } = await loop.patterns({ judge });
  expect(patterns.length).toBeGreaterThan(0);
  for (const { riskRatio, judgeCorrected } of patterns) expect(judgeCorrected?.riskRatio).toBeGreaterThan(riskRatio);
  expect((await loop.patterns()).patterns[0]?.judgeCorrected).toBeUndefined();

  const pairs = Array.from({ length: 200 }, (_, index): GatePair => {
    return { exampleId: `${index}`, baseline: { pass: index % 2 === 0 }, candidate: { pass: index % 10 > 0 } };
  });
  expect(gate(pairs, { planned: 200, judge }).truth).toMatchObject({
    sensitivityToFailures: truth["truePositives"]! / 30,
    specificity: truth["trueNegatives"]! / 70,
  });

  const lines: string[] = [];
  const terminal = { out: (text: string) => lines.push(text), err: () => {}, interactive: false };
  const program = createProgram(terminal, { LOOPSMITH_DATA_DIR: folder });
  await program.parseAsync(["node", "loopsmith", "patterns", "--human", "correct", "--json"]);
  expect(JSON.parse(lines.join("\n"))).toMatchObject({ patterns: [{ judgeCorrected: patterns[0]?.judgeCorrected }] });
});

it("counts what people say after the traces were judged, the newest of each, in process and over HTTP", async () => {
  const server = createServer({ store });
  const { url, close } = await listen(server, { port: 0 });
  const label = async (at: number, score: number): Promise<void> => {
    const run_id = runIds[at]!;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ run_id, trace_id: run_id, key: "late", score });
    const { status } = await fetch(`${url}/feedback`, { method: "POST", headers, body });
    expect(status).toBeLessThan(300);
  };
  const ask = async (query: string): Promise<{ status: number; answer: JudgeCalibration }> => {
    const response = await fetch(`${url}/api/loopsmith/calibration?${query}`);
    return { status: response.status, answer: (await response.json()) as JudgeCalibration };
  };
  expect((await ask("human=late&minPerClass=1")).status).toBe(400);

  // Of the second half, which nobody had looked at: 0 to 2 of each ten are bad, and the judge sees 0 and 2.
  for (const at of [100, 101, 102, 103, 105]) await label(at, at < 103 ? 0 : 1);
  const first = await loop.calibration({ humanKey: "late", minPerClass: 1 });
  expect(first.confusion).toEqual({ truePositives: 2, falseNegatives: 1, falsePositives: 0, trueNegatives: 2 });
  await label(101, 1);
  const second = await loop.calibration({ humanKey: "late", minPerClass: 1 });
  expect(second.confusion).toEqual({ truePositives: 2, falseNegatives: 0, falsePositives: 0, trueNegatives: 3 });
  // A label that changes what stood there when the trace was judged.
  const before = await loop.calibration({ humanKey: "correct" });
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ run_id: runIds[0], trace_id: runIds[0], key: "correct", score: 1 });
  await fetch(`${url}/feedback`, { method: "POST", headers, body });
  expect((await loop.calibration({ humanKey: "correct" })).failures).toBe(before.failures - 1);

  const { status, answer } = await ask("human=late&minPerClass=1&window=1d");
  expect(status).toBe(200);
  expect(answer).toMatchObject(second);
  // With a mark of 2 every label is a failure, and then there is nobody to compare with.
  expect((await ask("human=late&minPerClass=1&humanThreshold=2")).status).toBe(400);
  expect((await ask("human=late&minPerClass=4")).status).toBe(400);
  expect((await ask("minPerClass=1")).status).toBe(400);

  await using remote = createFeedbackLoop({
    client: new Client({ apiUrl: url, apiKey: "x" }),
    store,
    projectName: "contract",
    evaluator: () => ({ key: "good", score: 1 }),
    threshold: 0.5,
  });
  expect(await remote.calibration({ humanKey: "late", minPerClass: 1 })).toEqual(second);
  await close();
});

it("refuses where people said too little", async () => {
  await expect(loop.calibration({ humanKey: "correct", minPerClass: 31 })).rejects.toMatchObject({ code: "invalid" });
  await expect(loop.calibration({ humanKey: "nobody" })).rejects.toMatchObject({
    code: "invalid",
    details: { failures: 0, passes: 0 },
  });
});
