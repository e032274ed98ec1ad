import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defineEvaluator, humanEvaluator } from "../src/evaluator/index.ts";
import { LoopsmithError } from "../src/model/errors.ts";
import { loopIdOf } from "../src/model/id.ts";
import type { Trace } from "../src/model/trace.ts";
import { pickLoop } from "../src/loop/pick-loop.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import type { DeliveriesOptions } from "../src/loop/loop-deliveries.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import type { TouchedTrace } from "../src/store/resource/span.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { childWrite, json, rootWrite } from "./contract/span-writes.ts";

interface Source {
  store: Store;
  subscribe(listener: (touched: TouchedTrace[]) => void): () => void;
  send(answer: string, relevance?: number): Promise<string>;
  loop(options?: Partial<FeedbackLoopOptions>): FeedbackLoop;
}

/** An embedded source over a real store, without the server in front. */
async function openSource(): Promise<Source & AsyncDisposable> {
  const store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-loop-")), "l.db") });
  const listeners = new Set<(touched: TouchedTrace[]) => void>();
  const source: Source = {
    store,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async send(answer) {
      const now = Date.now();
      const root = rootWrite({ startAt: now, endAt: now + 5, outputs: json({ answer }) });
      const { touched } = await store.spanIngest({
        spans: [root, childWrite(root, { startAt: now + 1, endAt: now + 2 })],
      });
      for (const listener of listeners) listener(touched);
      return root.id;
    },
    loop: (options) =>
      createFeedbackLoop({
        client: source,
        projectName: "contract",
        evaluator: (run: { outputs?: Record<string, unknown> }) => ({
          key: "good",
          score: run.outputs?.["answer"] === "good",
        }),
        threshold: 0.5,
        settleMs: 0,
        retryMs: 1,
        onFailure: () => ({ action: "add_to_annotation_queue", queueName: "review" }),
        ...options,
      }),
  };
  return { ...source, [Symbol.asyncDispose]: () => store.close() };
}

const starred = ({ root }: Trace): boolean => root.scores.some(({ key }) => key === "stars");

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("the condition never held");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a loop over an embedded store", () => {
  it("judges, blames, queues and counts once, however often it runs", async () => {
    await using source = await openSource();
    const bad = await source.send("bad");
    await source.send("good");
    await using loop = source.loop();
    expect(await loop.runOnce()).toMatchObject({ judged: 2, failures: 1, delivered: 1 });
    expect(await loop.runOnce()).toMatchObject({ judged: 0, failures: 0, delivered: 0 });
    const queue = await source.store.queueEnsure({ name: "review" });
    const items = await source.store.queueItemList({ queueId: queue.id, limit: 10, offset: 0 });
    expect(items).toMatchObject([{ runId: bad, metadata: { trace_id: bad, key: "good", score: 0 } }]);
    const feedback = await source.store.feedbackList({ runIds: [bad], limit: 10, offset: 0 });
    expect(feedback).toMatchObject([{ key: "good", score: 0, source: { type: "model" } }]);
  });

  it("never puts back what a person took out of a queue, though late spans make a new revision", async () => {
    await using source = await openSource();
    const { store } = source;
    const id = await source.send("bad");
    await using loop = source.loop();
    await loop.runOnce();
    const queue = await store.queueEnsure({ name: "review" });
    const [item] = await store.queueItemList({ queueId: queue.id, limit: 10, offset: 0 });
    expect(await store.queueItemRemove({ queueId: queue.id, ids: [item?.id ?? ""] })).toBe(1);
    const now = Date.now();
    await store.spanIngest({ spans: [childWrite(rootWrite({ id }), { startAt: now, endAt: now + 1 })] });
    expect(await loop.runOnce()).toMatchObject({ judged: 1, failures: 1 });
    const loopId = (await store.loopList())[0]?.id ?? "";
    expect(await store.ledgerGet({ loopId, traceId: id })).toMatchObject({ state: "decided", revision: 2 });
    expect(await store.queueItemCount({ queueId: queue.id })).toBe(0);
  });

  it("judges again when a person gives a score later, records once, and does not feed itself", async () => {
    await using source = await openSource();
    const { store } = source;
    const id = await source.send("any");
    await using loop = source.loop({ evaluator: humanEvaluator({ key: "quality" }) });
    expect(await loop.runOnce()).toMatchObject({ judged: 1, failures: 0, delivered: 0 });
    const give = (score: number): Promise<void> =>
      store.feedbackWrite({ feedback: [{ id, runId: id, key: "quality", score, source: { type: "app" } }] });
    await give(0);
    expect(await loop.runOnce()).toMatchObject({ judged: 1, failures: 1, delivered: 1 });
    expect(await loop.runOnce()).toMatchObject({ judged: 0, failures: 0, delivered: 0 });
    const queue = await store.queueEnsure({ name: "review" });
    const [item] = await store.queueItemList({ queueId: queue.id, limit: 10, offset: 0 });
    expect(item).toMatchObject({ runId: id });
    await store.queueItemRemove({ queueId: queue.id, ids: [item?.id ?? ""] });
    await give(0.1);
    expect(await loop.runOnce()).toMatchObject({ judged: 1, failures: 1, delivered: 0 });
    expect(await store.queueItemCount({ queueId: queue.id })).toBe(0);
    // What people said is not said again by the loop.
    expect(await store.feedbackList({ runIds: [id], limit: 10, offset: 0 })).toHaveLength(1);
  });

  it("counts no attempt of a delivery that found our own disk full", async () => {
    await using source = await openSource();
    const { store } = source;
    await source.send("bad");
    const full = new LoopsmithError("storage_full", "the disk is full", { hint: "Free some." });
    const onFullDisk: Store = { ...store, queueItemAdd: () => Promise.reject(full) };
    await using loop = source.loop({ client: { store: onFullDisk, subscribe: () => () => undefined } });
    await loop.runOnce().catch(() => undefined);
    expect(await store.deliveryList({ limit: 10 })).toMatchObject([{ state: "pending", attempts: 0, lastError: null }]);
  });

  it.each([
    { key: "user_score", always: ["thumbs_down"] as const },
    { key: "stars", always: starred, feedbackKeys: ["stars"] },
  ])("judges what it had left out when people say something later: $key", async ({ key, ...strata }) => {
    await using source = await openSource();
    const id = await source.send("bad");
    await using loop = source.loop({ sample: { rate: 0, ...strata } });
    expect(await loop.runOnce()).toMatchObject({ judged: 0 });
    await source.store.feedbackWrite({ feedback: [{ id, runId: id, key, score: 0 }] });
    expect(await loop.runOnce()).toMatchObject({ failures: 1 });
  });

  it("pays once for the same inputs, in all loops and workers on the store that share their answers", async () => {
    await using source = await openSource();
    for (const answer of ["bad", "good", "bad"]) await source.send(answer);
    let calls = 0;
    const worker = (name: string): FeedbackLoop =>
      source.loop({
        name,
        evaluator: defineEvaluator({
          name: "paid",
          inputs: { answer: "outputs.answer" },
          cache: "shared",
          evaluate: ({ answer }) => ({ score: (calls += 1) > 0 && answer === "good", cost: { usd: 1 } }),
        }),
      });
    await using first = worker("first");
    // A dry run leaves nothing behind.
    expect(await first.dryRun({ since: "1h" })).toMatchObject({ traces: 3 });
    calls = 0;
    expect(await first.runOnce()).toMatchObject({ judged: 3, failures: 2 });
    await using second = worker("second");
    expect(await second.runOnce()).toMatchObject({ judged: 3, failures: 2 });
    expect(calls).toBe(2);
  });

  it("takes over what a crashed run held under its lease", async () => {
    await using source = await openSource();
    await source.send("bad");
    await using loop = source.loop();
    const project = await source.store.projectGet({ name: "contract" });
    const [head] = await source.store.traceHeads({ projectId: project?.id ?? "", changedFrom: 0, limit: 1 });
    // What a process leaves behind that is killed between its claim and its verdict.
    const loopId = loopIdOf(loop);
    await source.store.ledgerEnrol({ loopId, heads: head ? [{ ...head, dueAt: 0 }] : [] });
    const claim = { loopId, limit: 1, leaseMs: 300, leaseToken: "00000000-0000-4000-8000-000000000000" };
    expect(await source.store.ledgerClaim(claim)).toHaveLength(1);
    expect(await loop.runOnce()).toMatchObject({ judged: 1, failures: 1, delivered: 1 });
  });

  it("judges what comes while a sweep over many traces takes its time", async () => {
    await using source = await openSource();
    await source.send("good");
    const { store } = source;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const traceHeads: Store["traceHeads"] = async (params) => {
      await held;
      return store.traceHeads(params);
    };
    const client = { store: { ...store, traceHeads }, subscribe: source.subscribe };
    await using loop = source.loop({ client, store });
    const judged: string[] = [];
    loop.on("trace:judged", ({ verdict }) => judged.push(verdict.traceId));
    await loop.start();
    try {
      const id = await source.send("good");
      await until(() => judged.includes(id));
    } finally {
      release();
    }
  });

  it("notices new traces by itself while it runs", async () => {
    await using source = await openSource();
    await source.send("good");
    await using loop = source.loop();
    const judged: string[] = [];
    loop.on("trace:judged", ({ verdict }) => judged.push(verdict.traceId));
    await loop.start();
    const id = await source.send("bad");
    await until(() => judged.includes(id));
    await until(async () => (await loop.deliveries({ states: ["delivered"] })).length === 1);
    expect((await loop.status()).verdicts).toMatchObject({ pass: 1, fail: 1 });
  });

  it("lists and replays the deliveries of a stretch of time", async () => {
    await using source = await openSource();
    await source.send("bad");
    await using loop = source.loop();
    await loop.runOnce();
    const [sent] = await loop.deliveries();
    expect(sent).toMatchObject({ state: "delivered" });
    const count = async (options: DeliveriesOptions): Promise<number> => (await loop.deliveries(options)).length;
    expect(await count({ since: "1h" })).toBe(1);
    expect(await count({ until: "1h" })).toBe(0);
    expect(await count({ since: new Date(0), until: Date.now() + 1_000 })).toBe(1);
    expect(await count({ since: "1h", offset: 1 })).toBe(0);
    await expect(loop.deliveries({ since: "yesterdayish" })).rejects.toMatchObject({ code: "invalid" });
    expect(await loop.replay({ since: "1h" })).toBe(0);
    expect(await loop.replay({ until: "1h", states: ["delivered"] })).toBe(0);
    expect(await loop.replay({ since: "1h", states: ["delivered"] })).toBe(1);
    expect(await count({ states: ["pending"] })).toBe(1);
  });

  it("retries an evaluator that fails and records the verdict error in the end", async () => {
    await using source = await openSource();
    await source.send("bad");
    let calls = 0;
    await using loop = source.loop({
      evaluator: function broken(): never {
        calls += 1;
        throw new Error("no model today");
      },
    });
    await loop.runOnce();
    expect(calls).toBe(3);
    const [verdict] = await source.store.verdictList({
      loopId: (await source.store.loopList())[0]?.id ?? "",
      limit: 1,
    });
    expect(verdict).toMatchObject({ outcome: "error" });
    expect(verdict?.comment).toContain("no model today");
  });

  it("does not wait for ever for an evaluator that hangs", async () => {
    await using source = await openSource();
    await source.send("bad");
    await using loop = source.loop({
      evaluator: () => new Promise<never>(() => {}),
      evaluatorTimeoutMs: 20,
      maxAttempts: 1,
    });
    await loop.runOnce();
    expect((await loop.status()).verdicts.error).toBe(1);
  });

  it("keeps the verdict when onFailure throws", async () => {
    await using source = await openSource();
    await source.send("bad");
    await using loop = source.loop({
      onFailure: () => {
        throw new Error("no such queue");
      },
    });
    expect(await loop.runOnce()).toMatchObject({ judged: 1, failures: 1, delivered: 0 });
    const [verdict] = await source.store.verdictList({
      loopId: (await source.store.loopList())[0]?.id ?? "",
      limit: 1,
    });
    expect(verdict?.comment).toBe("onFailure: no such queue");
  });

  it.each([
    ["threshold", { threshold: 7 }, /threshold is 7/],
    ["threshold", { threshold: Number.NaN }, /threshold/],
    ["evaluator", { evaluator: [] }, /evaluator/],
    ["projectName", { projectName: " " }, /projectName/],
    ["client", { client: {} as never }, /client is neither/],
  ])("refuses a bad %s with a hint", async (_name, options, message) => {
    await using source = await openSource();
    const attempt = async (): Promise<void> => {
      await using loop = source.loop(options as Partial<FeedbackLoopOptions>);
      await loop.runOnce();
    };
    await expect(attempt()).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringMatching(message) as string,
    });
  });

  it("names the projects there are when the name is wrong", async () => {
    await using source = await openSource();
    await source.send("good");
    await using loop = source.loop({ projectName: "contrct" });
    await expect(loop.start()).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("contract") as string,
    });
  });

  it("is not entered before its project was found, and can be retired and taken up again", async () => {
    await using source = await openSource();
    await source.send("bad");
    await using misspelt = source.loop({ projectName: "kontrakt" });
    await expect(misspelt.runOnce()).rejects.toMatchObject({ code: "not_found" });
    await expect(misspelt.start()).rejects.toMatchObject({ code: "not_found" });
    expect(await source.store.loopList()).toEqual([]);

    await using loop = source.loop({ budgets: [{ per: "month", calls: 0 }] });
    await loop.runOnce();
    expect((await source.store.loopList()).map(({ name }) => name)).toEqual(["contract"]);
    expect(await loop.retire()).toEqual({ traces: 1, deliveries: 0 });
    await expect(pickLoop(source.store, undefined)).rejects.toMatchObject({ code: "not_found" });
    expect(await pickLoop(source.store, "contract")).toMatchObject({ name: "contract" });
    await source.send("bad");
    await loop.runOnce();
    expect((await pickLoop(source.store, undefined)).retiredAt).toBeNull();
    expect((await loop.status()).traces).toMatchObject({ skipped: 1, deferred: 1 });
  });
});
