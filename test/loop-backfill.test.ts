import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defineEvaluator } from "../src/evaluator/index.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import type { RunProgress } from "../src/loop/run-through.ts";
import { loopIdOf } from "../src/model/id.ts";
import { embeddedPlatform } from "../src/platform/embedded.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { childWrite, rootWrite } from "./contract/span-writes.ts";

const START = Date.parse("2026-11-01T10:00:00Z");
const since = new Date(START - 1);

async function setting(traces: number): Promise<{ store: Store; calls: string[]; open: () => FeedbackLoop }> {
  const store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-backfill-")), "b.db") });
  const roots = Array.from({ length: traces }, (_, index) => {
    const startAt = START + index * 1_000;
    return rootWrite({ startAt, endAt: startAt + 5 });
  });
  // Every second trace has two spans to judge beside its root.
  const children = roots.flatMap((root, index) => (index % 2 ? [childWrite(root), childWrite(root)] : []));
  await store.spanIngest({ spans: [...roots, ...children] });
  const calls: string[] = [];
  const whole = defineEvaluator({
    name: "whole",
    cost: { usd: 0.01, tokens: 100 },
    evaluate: ({ run }) => {
      calls.push(run.id);
      return 1;
    },
  });
  const parts = defineEvaluator({
    name: "parts",
    on: { where: (run, root) => run.id !== root.id },
    cost: { usd: 0.1 },
    evaluate: () => 1,
  });
  const free = defineEvaluator({ name: "free", evaluate: () => 1 });
  const open = (): FeedbackLoop =>
    createFeedbackLoop({
      client: { store, subscribe: () => () => undefined },
      projectName: "contract",
      evaluator: [whole, parts, free],
      threshold: 0.5,
      settleMs: 0,
      learn: false,
    });
  return { store, calls, open };
}

it("plans a backfill without calling or writing anything, takes it up in parts, and judges nothing twice", async () => {
  const { store, calls, open } = await setting(25);
  await using _store = store;
  {
    await using loop = open();
    const plan = await loop.planBackfill({ since });
    expect(plan).toMatchObject({ traces: 25, done: 0, open: 0, toTake: 25, toJudge: 25, read: 25 });
    expect(plan.cost).toMatchObject({ calls: 25 + 24 + 25, tokens: 2_500 });
    expect(plan.cost.usd).toBeCloseTo(0.25 + 2.4, 6);
    expect(plan.evaluators.map(({ name, calls: count, priced }) => [name, count, priced])).toEqual([
      ["whole", 25, true],
      ["parts", 24, true],
      ["free", 25, false],
    ]);
    expect(calls).toEqual([]);
    expect((await loop.status()).traces).toMatchObject({ settling: 0, decided: 0 });
    const seen: RunProgress[] = [];
    expect(await loop.backfill({ since, limit: 10, onProgress: (at) => seen.push(at) })).toMatchObject({ judged: 10 });
    expect(seen[0]).toMatchObject({ judged: 0, total: null });
    const known = seen.filter(({ total }) => total !== null);
    expect(known.map(({ total }) => total)).toEqual(known.map(() => 10));
    expect(known.at(-1)).toEqual({ judged: 10, waiting: 0, total: 10 });
  }
  {
    await using loop = open();
    expect(await loop.planBackfill({ since, limit: 10 })).toMatchObject({ traces: 25, done: 10, toTake: 10 });
    expect(await loop.backfill({ since, limit: 10 })).toMatchObject({ judged: 10 });
    expect(await loop.backfill({ since, limit: 10 })).toMatchObject({ judged: 5 });
    expect(await loop.backfill({ since, limit: 10 })).toMatchObject({ judged: 0 });
  }
  expect(calls).toHaveLength(25);
  expect(new Set(calls).size).toBe(25);
});

it("judges no more than the limit, also of what an earlier run took up and did not finish", async () => {
  const { store, calls, open } = await setting(12);
  await using _store = store;
  await using loop = open();
  const loopId = loopIdOf(loop);
  const project = await store.projectGet({ name: "contract" });
  const heads = await store.traceHeads({ projectId: project?.id ?? "", changedFrom: 0, limit: 12 });
  await store.ledgerEnrol({ loopId, heads: heads.map((head) => ({ ...head, dueAt: 0 })) });
  expect(await loop.backfill({ since, limit: 5 })).toMatchObject({ judged: 5 });
  expect(calls).toHaveLength(5);
  expect(await loop.planBackfill({ since })).toMatchObject({ done: 5, toTake: 7, toJudge: 7 });
});

it("does not let traces that still run use up the limit", async () => {
  const { store, open } = await setting(12);
  await using _store = store;
  await store.spanIngest({ spans: Array.from({ length: 5 }, () => rootWrite({ startAt: Date.now(), endAt: null })) });
  await using loop = open();
  expect(await loop.planBackfill({ since, limit: 5 })).toMatchObject({ open: 5, toTake: 5 });
  for (const judged of [5, 5, 2, 0]) expect(await loop.backfill({ since, limit: 5 })).toMatchObject({ judged });
});

it("leaves what runs as it is when a draft is tried or looked at", async () => {
  const { store, open } = await setting(3);
  await using _store = store;
  const loops = async (): Promise<unknown> => (await store.loopList()).map(({ config }) => config["threshold"]);
  const draftOf = (): FeedbackLoop =>
    createFeedbackLoop({
      client: { store, subscribe: () => () => undefined },
      projectName: "contract",
      evaluator: () => 1,
      threshold: 0.9,
    });
  {
    await using draft = draftOf();
    await draft.dryRun({ since });
    expect(await loops()).toEqual([]);
  }
  await using loop = open();
  await loop.backfill({ since });
  await using draft = draftOf();
  await draft.dryRun({ since });
  await draft.planBackfill({ since });
  await draft.status();
  expect(await loops()).toEqual([0.5]);
  await draft.backfill({ since });
  expect(await loops()).toEqual([0.9]);
});

it("judges again on request what its evaluators failed on, and sends nothing twice", async () => {
  const { store } = await setting(6);
  await using _store = store;
  const sent: string[] = [];
  const open = (failing: (id: string) => boolean): FeedbackLoop =>
    createFeedbackLoop({
      client: { store, subscribe: () => () => undefined },
      projectName: "contract",
      evaluator: ({ run }: { run: { id: string } }) => {
        if (failing(run.id)) throw new Error("no model today");
        return 0;
      },
      threshold: 0.5,
      settleMs: 0,
      retryMs: 0,
      maxAttempts: 1,
      learn: false,
      actions: { note: ({ traceId }) => void sent.push(traceId) },
      onFailure: () => ({ action: "custom", name: "note" }),
    });
  let seen = 0;
  {
    await using loop = open(() => (seen += 1) % 2 === 0);
    expect(await loop.backfill({ since })).toMatchObject({ judged: 6, failures: 3, errors: 3 });
  }
  await using loop = open(() => false);
  expect(await loop.backfill({ since })).toMatchObject({ judged: 0 });
  expect(await loop.planBackfill({ since })).toMatchObject({ traces: 6, done: 6, errors: 3, toTake: 0 });
  expect(await loop.planBackfill({ since, errors: true })).toMatchObject({ done: 3, errors: 3, toTake: 3 });
  expect(await loop.backfill({ since, errors: true, limit: 2 })).toMatchObject({
    judged: 2,
    failures: 2,
    delivered: 2,
  });
  expect(await loop.backfill({ since, errors: true })).toMatchObject({ judged: 1, failures: 1, delivered: 1 });
  expect(await loop.backfill({ since, errors: true })).toMatchObject({ judged: 0 });
  expect((await loop.status()).verdicts).toMatchObject({ fail: 6, error: 0 });
  expect(sent).toHaveLength(6);
  expect(new Set(sent).size).toBe(6);
});

it("is done with a trace that was deleted before it was judged", async () => {
  const { store } = await setting(1);
  await using _store = store;
  let reads = 0;
  const platform = {
    ...embeddedPlatform({ store }),
    traceRead: () => {
      reads += 1;
      return Promise.resolve([]);
    },
  };
  await using loop = createFeedbackLoop({
    client: platform,
    store,
    projectName: "contract",
    evaluator: () => 1,
    threshold: 0.5,
    settleMs: 0,
    retryMs: 0,
    learn: false,
  });
  expect(await loop.backfill({ since })).toMatchObject({ judged: 0 });
  expect((await loop.status()).traces).toMatchObject({ settling: 0, skipped: 1 });
  expect(reads).toBe(13);
});
