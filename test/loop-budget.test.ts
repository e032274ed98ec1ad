import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defineEvaluator, latency, type Evaluator } from "../src/evaluator/index.ts";
import type { Budget } from "../src/loop/judge/budget.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { childWrite, rootWrite } from "./contract/span-writes.ts";

const HOUR = 3_600_000;
const TEN = Date.parse("2026-11-01T10:00:00Z");

interface Setting extends AsyncDisposable {
  clock: { now: number };
  store: Store;
  ids: string[];
  calls: string[];
  loop(options: Partial<FeedbackLoopOptions>): FeedbackLoop;
}

async function setting(traces: number): Promise<Setting> {
  const clock = { now: TEN + 60_000 };
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-budget-"));
  const store = await sqliteStore({ path: join(folder, "b.db"), now: () => clock.now });
  const ids: string[] = [];
  for (let index = 0; index < traces; index += 1) {
    const root = rootWrite({ startAt: TEN, endAt: TEN + 5 });
    ids.push(root.id);
    await store.spanIngest({ spans: [root, childWrite(root, index === 0 ? { error: "boom" } : {})] });
  }
  const calls: string[] = [];
  const judge = defineEvaluator({
    name: "judge",
    cost: { usd: 0.01, tokens: 100 },
    evaluate: ({ run }) => {
      calls.push(run.id);
      return { key: "ok", score: 1, cost: { usd: 0.004, tokens: 40 } };
    },
  });
  return {
    clock,
    store,
    ids,
    calls,
    loop: (options) =>
      createFeedbackLoop({
        client: { store, subscribe: () => () => {} },
        projectName: "contract",
        evaluator: judge,
        threshold: 0.5,
        settleMs: 0,
        lookbackMs: 1000 * 24 * HOUR,
        ...options,
      }),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

const since = new Date(0);

describe("budgets", () => {
  it("never lets more calls through than the window allows, defers the rest and resumes it", async () => {
    await using at = await setting(50);
    await using loop = at.loop({ budgets: [{ per: "hour", calls: 20 }], concurrency: 50 });
    await loop.backfill({ since });
    expect(at.calls).toHaveLength(20);
    expect((await loop.status()).traces).toMatchObject({ decided: 20, deferred: 30 });
    at.clock.now = TEN + HOUR;
    await loop.backfill({ since });
    expect(at.calls).toHaveLength(40);
    at.clock.now = TEN + 2 * HOUR;
    await loop.backfill({ since });
    expect(new Set(at.calls).size).toBe(50);
    expect((await loop.status()).traces).toMatchObject({ decided: 50, deferred: 0 });
  });

  it("reserves the most a call can cost and gives back what it did not", async () => {
    await using at = await setting(10);
    // Ten calls reserve at most $0.10; each really costs $0.004, so all fit into $0.05 one after another.
    await using loop = at.loop({ budgets: [{ evaluator: "judge", per: "day", usd: 0.05 }], concurrency: 1 });
    await loop.backfill({ since });
    expect(at.calls).toHaveLength(10);
    const loopId = (await at.store.loopList())[0]?.id ?? "";
    const [use] = await at.store.budgetUse({ keys: [`${loopId}/judge/day`], from: 0 });
    expect(use).toMatchObject({ calls: 10, usdMicros: 40_000, tokens: 400 });
  });

  it.each([["week"], [undefined], ["toString"]])("refuses a budget per %s", async (per) => {
    await using at = await setting(1);
    const budget = { per, calls: 1 } as unknown as Budget;
    expect(() => at.loop({ budgets: [budget] })).toThrow(/a budget is per/);
  });

  it("counts a call once though two budgets are for the same period", async () => {
    await using at = await setting(10);
    const budgets: Budget[] = [
      { per: "hour", calls: 6 },
      { per: "hour", usd: 1 },
      { per: "hour", calls: 8 },
    ];
    await using loop = at.loop({ budgets });
    await loop.backfill({ since });
    expect(at.calls).toHaveLength(6);
    expect((await loop.status()).budgets).toEqual([
      { budget: { per: "hour", calls: 6, usd: 1 }, since: TEN, calls: 6, tokens: 240, usd: 0.024 },
    ]);
    const loopId = (await at.store.loopList())[0]?.id ?? "";
    const uses = await at.store.budgetUse({ keys: [`${loopId}/*/hour`], from: 0 });
    expect(uses).toMatchObject([{ calls: 6, usdMicros: 24_000 }]);
  });

  it("gives back only for calls that said what they cost", async () => {
    await using at = await setting(20);
    let spent = 0;
    const evaluator = defineEvaluator({
      name: "judge",
      on: { where: () => true },
      cost: { usd: 0.01 },
      // The provider reports usage for the root only; the call on the child costs as much.
      evaluate: ({ run }) => {
        spent += 0.01;
        return { key: "ok", score: 1, ...(run.parent_run_id ? {} : { cost: { usd: 0.01 } }) };
      },
    });
    await using loop = at.loop({ evaluator, budgets: [{ per: "hour", usd: 0.2 }], concurrency: 1 });
    await loop.backfill({ since });
    expect(spent).toBeCloseTo(0.2, 6);
  });

  it("begins no call in a window that it was not reserved in", async () => {
    await using at = await setting(16);
    at.clock.now = TEN + HOUR - 2 * 60_000;
    const begun: Record<string, number> = {};
    const evaluator = defineEvaluator({
      name: "slow",
      evaluate: () => {
        const hour = new Date(at.clock.now).toISOString().slice(11, 13);
        begun[hour] = (begun[hour] ?? 0) + 1;
        at.clock.now += 3 * 60_000;
        return 1;
      },
    });
    const limits = { evaluators: { slow: { concurrency: 1 } } };
    await using loop = at.loop({ evaluator, limits, budgets: [{ per: "hour", calls: 8 }], concurrency: 8 });
    await loop.backfill({ since });
    for (const count of Object.values(begun)) expect(count).toBeLessThanOrEqual(8);
    expect((await loop.status()).verdicts.error).toBe(0);
  });

  it("says of a trace that no window is large enough for it", async () => {
    await using at = await setting(1);
    const evaluator = defineEvaluator({ name: "all", on: { where: () => true }, evaluate: () => 1 });
    await using loop = at.loop({ evaluator, budgets: [{ per: "hour", calls: 1 }] });
    await loop.backfill({ since });
    const loopId = (await at.store.loopList())[0]?.id ?? "";
    const row = await at.store.ledgerGet({ loopId, traceId: at.ids[0] ?? "" });
    expect(row?.reason).toContain("does not allow in a whole window what this may take (2 calls");
  });

  it("says why a trace waits", async () => {
    await using at = await setting(1);
    await using loop = at.loop({ budgets: [{ per: "month", calls: 0 }] });
    await loop.backfill({ since });
    const loopId = (await at.store.loopList())[0]?.id ?? "";
    const row = await at.store.ledgerGet({ loopId, traceId: at.ids[0] ?? "" });
    expect(row).toMatchObject({ state: "deferred", dueAt: Date.parse("2026-12-01T00:00:00Z") });
    expect(row?.reason).toContain("0 calls per month");
  });

  it.each([
    [{ evaluator: "unpriced", per: "day", usd: 1 }, undefined, false],
    [{ per: "day", usd: 1 }, undefined, false],
    [{ per: "day", usd: 1 }, { tokens: 100 }, false],
    [{ per: "day", usd: 1 }, { usd: 0 }, true],
    [{ per: "day", tokens: 1 }, { usd: 0 }, false],
    [{ per: "day", calls: 1 }, undefined, true],
  ] as const)("with the budget %j takes an evaluator that costs %j: %s", async (budget, cost, taken) => {
    await using at = await setting(1);
    const evaluator = defineEvaluator({ name: "unpriced", ...(cost && { cost }), evaluate: () => 1 });
    const open = (): FeedbackLoop => at.loop({ evaluator: [evaluator, latency({ maxMs: 1 })], budgets: [budget] });
    if (taken) expect(open).not.toThrow();
    else expect(open).toThrow(/"unpriced" does not say what a call costs/);
  });

  it("keeps the most of an evaluator that reports nothing, though another one reports", async () => {
    await using at = await setting(1);
    const paid = (name: string, reported?: { usd: number }): Evaluator =>
      defineEvaluator({
        name,
        cost: { usd: 0.01 },
        evaluate: () => ({ key: name, score: 1, ...(reported && { cost: reported }) }),
      });
    const evaluator = [paid("says", { usd: 0.004 }), paid("silent")];
    await using loop = at.loop({ evaluator, budgets: [{ per: "month", usd: 1 }] });
    await loop.backfill({ since });
    const loopId = (await at.store.loopList())[0]?.id ?? "";
    const [use] = await at.store.budgetUse({ keys: [`${loopId}/*/month`], from: 0 });
    expect(use).toMatchObject({ usdMicros: 14_000 });
  });
});

describe("sampling", () => {
  it("judges a share by hash, and a lower rate sees a subset", async () => {
    await using at = await setting(60);
    const judged = async (rate: number): Promise<Set<string>> => {
      at.calls.length = 0;
      await using loop = at.loop({ sample: rate, name: `rate-${rate}` });
      await loop.backfill({ since });
      return new Set(at.calls);
    };
    const [low, high] = [await judged(0.2), await judged(0.6)];
    expect(low.size).toBeGreaterThan(2);
    expect(high.size).toBeGreaterThan(low.size);
    expect([...low].filter((id) => !high.has(id))).toEqual([]);
  });

  it("always judges the strata asked for", async () => {
    await using at = await setting(20);
    await using loop = at.loop({ sample: { rate: 0, always: ["errors"] } });
    await loop.backfill({ since });
    expect(at.calls).toEqual([at.ids[0]]);
    expect((await loop.status()).traces).toMatchObject({ decided: 1, skipped: 19 });
  });
});
