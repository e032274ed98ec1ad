import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allOf, anyOf, defineEvaluator } from "../src/evaluator/index.ts";
import { toExperimentEvaluator } from "../src/loop/remedy/experiment-evaluator.ts";
import { newId } from "../src/model/id.ts";
import { sharedAbort } from "../src/internal/shared-abort.ts";
import { createCallLimits, type CallLimitOptions } from "../src/loop/judge/call-limits.ts";
import type { CallLimits } from "../src/evaluator/evaluator.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { rootWrite } from "./contract/span-writes.ts";

const { signal } = sharedAbort();

function openStore(): Promise<Store> {
  return sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-limits-")), "l.db") });
}

async function withTraces(store: Store, count: number): Promise<void> {
  const now = Date.now();
  await store.spanIngest({ spans: Array.from({ length: count }, () => rootWrite({ startAt: now, endAt: now })) });
}

/** Two evaluators of one provider; counts how many of their calls are under way at most. */
function pair(work: (name: string) => Promise<number>) {
  const underWay = new Map<string, number>();
  const most = new Map<string, number>();
  const enter = (name: string, by: number): void => {
    underWay.set(name, (underWay.get(name) ?? 0) + by);
    most.set(name, Math.max(most.get(name) ?? 0, underWay.get(name) ?? 0));
  };
  const one = (name: string) =>
    defineEvaluator({
      name,
      provider: "acme",
      evaluate: async () => {
        enter(name, 1);
        enter("acme", 1);
        try {
          return await work(name);
        } finally {
          enter(name, -1);
          enter("acme", -1);
        }
      },
    });
  return { evaluators: [one("a"), one("b")], most };
}

function settled(store: Store) {
  return {
    client: { store, subscribe: () => () => undefined },
    projectName: "contract",
    threshold: 0.5,
    settleMs: 0,
    learn: false as const,
  };
}

/** A clock that sleeping moves on. */
function sleptClock(startAt: number) {
  let at = startAt;
  return {
    now: () => at,
    sleep: (ms: number): Promise<void> => {
      const until = at + ms;
      return Promise.resolve().then(() => void (at = Math.max(at, until)));
    },
  };
}

describe("call limits", () => {
  it("keep an evaluator and its provider to their concurrency, and judge everything", async () => {
    await using store = await openStore();
    await withTraces(store, 30);
    const { evaluators, most } = pair(() => new Promise((resolve) => setTimeout(resolve, 5, 1)));
    const limits: CallLimitOptions = { evaluators: { a: { concurrency: 1 } }, providers: { acme: { concurrency: 3 } } };
    await using loop = createFeedbackLoop({ ...settled(store), evaluator: evaluators, limits, concurrency: 16 });
    expect((await loop.runOnce()).judged).toBe(30);
    expect(most.get("a")).toBe(1);
    expect(most.get("acme")).toBe(3);
  });

  it("hold for the parts of composites, and a part that goes by its composite's name does not wait for itself", async () => {
    await using store = await openStore();
    await withTraces(store, 30);
    const { evaluators, most } = pair(() => new Promise((resolve) => setTimeout(resolve, 5, 1)));
    const evaluator = allOf(
      [anyOf(evaluators, { name: "either" }), defineEvaluator({ name: "all", evaluate: () => 1 })],
      {
        name: "all",
      },
    );
    const limits: CallLimitOptions = {
      evaluators: { a: { concurrency: 1 }, all: { concurrency: 8 } },
      providers: { acme: { concurrency: 3 } },
    };
    await using loop = createFeedbackLoop({ ...settled(store), evaluator, limits, concurrency: 16 });
    expect((await loop.runOnce()).judged).toBe(30);
    expect((await loop.status()).verdicts).toMatchObject({ pass: 30 });
    expect(most.get("a")).toBe(1);
    expect(most.get("acme")).toBe(3);
  });

  it("hold for experiments", async () => {
    await using store = await openStore();
    const { evaluators, most } = pair(() => new Promise((resolve) => setTimeout(resolve, 5, 1)));
    const limits = createCallLimits(store, "loop", { providers: { acme: { concurrency: 2 } } });
    const judges = evaluators.map((evaluator) => toExperimentEvaluator(evaluator, limits));
    const run = { runId: newId(), spans: [], startAt: 0, endAt: 1, latencyMs: 1, error: null, inputs: {}, outputs: {} };
    const example = { id: newId(), inputs: {} };
    const asked = judges.flatMap((judge) =>
      Array.from({ length: 5 }, () => judge.evaluate({ example, run, signal } as never)),
    );
    expect(await Promise.all(asked)).toHaveLength(10);
    expect(most.get("acme")).toBe(2);
  });

  it("share the pace of a provider among all loops and workers on a database", async () => {
    await using store = await openStore();
    const limits = { providers: { acme: { perMinute: 600 } } };
    const startAt = store.now();
    const clock = sleptClock(startAt);
    const [here, there] = ["here", "there"].map((id) => createCallLimits(store, id, limits, clock)) as [
      CallLimits,
      CallLimits,
    ];
    const begun: number[] = [];
    const calls = Array.from({ length: 12 }, (_, call) =>
      (call % 2 ? here : there)({ name: "a", provider: "acme" }, async () => void begun.push(clock.now()), signal),
    );
    await Promise.all(calls);
    // Ten a second, whoever asks: none begins before its tenth.
    expect(begun).toHaveLength(12);
    for (const [call, at] of begun.toSorted((a, b) => a - b).entries()) {
      expect(at).toBeGreaterThanOrEqual(startAt + call * 100);
    }
  });

  it("let a 429 from one evaluator slow the others of its provider, and cost the trace no attempt", async () => {
    await using store = await openStore();
    await withTraces(store, 1);
    let refusals = 2;
    const { evaluators } = pair((name) => {
      if (name !== "a" || refusals === 0) return Promise.resolve(1);
      refusals -= 1;
      // As the clients of providers throw it.
      return Promise.reject(
        Object.assign(new Error("slow down"), { status: 429, headers: new Headers({ "retry-after": "1" }) }),
      );
    });
    await using loop = createFeedbackLoop({
      ...settled(store),
      evaluator: evaluators,
      limits: { providers: { acme: { perMinute: 6_000 } } },
      maxAttempts: 1,
    });
    expect((await loop.runOnce()).judged).toBe(1);
    expect((await loop.status()).verdicts).toMatchObject({ pass: 1, error: 0 });

    const pace = await store.cursorGet({ name: "pace/provider/acme" });
    expect(Number(pace?.["perSecond"])).toBeLessThan(100);
    const clock = sleptClock(store.now());
    const other = createCallLimits(store, "another loop", { providers: { acme: { perMinute: 6_000 } } }, clock);
    const refused = Object.assign(new Error("failed"), {
      cause: Object.assign(new Error(), { status: 429, headers: new Headers({ "retry-after": "1" }) }),
    });
    await expect(other({ name: "a", provider: "acme" }, () => Promise.reject(refused), signal)).rejects.toBe(refused);
    const refusedAt = clock.now();
    await createCallLimits(
      store,
      "a third",
      { providers: { acme: { perMinute: 6_000 } } },
      clock,
    )({ name: "b", provider: "acme" }, () => Promise.resolve(), signal);
    expect(clock.now()).toBeGreaterThanOrEqual(refusedAt + 1_000);
  });

  it("stop waiting when the loop stops", async () => {
    await using store = await openStore();
    const limits = createCallLimits(store, "loop", { evaluators: { a: { perMinute: 0.1 } } });
    await limits({ name: "a" }, () => Promise.resolve(), signal);
    const stop = new AbortController();
    const waiting = limits({ name: "a" }, () => Promise.resolve("called"), stop.signal);
    setTimeout(() => stop.abort(), 20);
    await expect(waiting).rejects.toThrow(/abort/i);
  });

  it.each([
    [{ evaluators: { c: { concurrency: 1 } } }, /there is no "c"/],
    [{ providers: { other: { perMinute: 1 } } }, /there is no "other"/],
    [{ providers: { acme: { concurrency: 0 } } }, /limits.providers.acme/],
    [{ evaluators: { a: { perMinute: 0 } } }, /limits.evaluators.a/],
  ] as const)("refuse what nothing could come of: %j", async (limits, message) => {
    await using store = await openStore();
    const { evaluators } = pair(() => Promise.resolve(1));
    expect(() => createFeedbackLoop({ ...settled(store), evaluator: evaluators, limits })).toThrow(message);
  });
});
