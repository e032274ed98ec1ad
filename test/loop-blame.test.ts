import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { JudgeModel } from "../src/evaluator/index.ts";
import { blameJudge } from "../src/loop/judge/blame-judge.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import type { Failure } from "../src/model/failure.ts";
import { newId } from "../src/model/id.ts";
import type { Store } from "../src/store/store.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { childWrite, json, rootWrite, START } from "./contract/span-writes.ts";

/** A step that fails only in failing runs, without any sign on the span itself. */
async function traces(
  count: number,
): Promise<Parameters<Awaited<ReturnType<typeof sqliteStore>>["spanIngest"]>[0]["spans"]> {
  return Array.from({ length: count }, (_, index) => {
    const bad = index % 3 === 0;
    const at = START + index * 10_000;
    const root = rootWrite({
      startAt: at,
      endAt: at + 900,
      inputs: json({ q: `question ${index}` }),
      outputs: json({ a: bad ? "no" : "ok" }),
    });
    const step = (name: string, offset: number): ReturnType<typeof childWrite> =>
      childWrite(root, {
        id: newId(),
        name,
        kind: "tool",
        startAt: at + offset,
        endAt: at + offset + 50,
        dottedOrder: `${root.dottedOrder}.20261101T1000000${offset}000Z${newId()}`,
        inputs: json({ step: offset }),
        outputs: json({ done: true }),
      });
    return [root, step("plan", 10), ...(bad ? [step("guess", 20)] : [step("look_up", 20)]), step("write", 30)];
  }).flat();
}

describe("the ladder in a loop", () => {
  it("blames by history what no evidence on the span shows, and learns from confirmations", async () => {
    const store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-blame-")), "b.db") });
    await using loop = createFeedbackLoop({
      client: { store, subscribe: () => () => {} },
      projectName: "contract",
      evaluator: (run: { outputs?: Record<string, unknown> }) => ({ key: "good", score: run.outputs?.["a"] === "ok" }),
      threshold: 0.5,
      settleMs: 0,
      lookbackMs: 1e12,
    });
    await store.spanIngest({ spans: await traces(90) });
    await loop.runOnce();
    await store.spanIngest({ spans: await traces(30) });
    const named: (string | undefined)[] = [];
    loop.on("failure:detected", ({ failure }) => named.push(failure.culprit?.name));
    await loop.runOnce();
    expect(named).toHaveLength(10);
    expect(named.filter((name) => name === "guess").length).toBeGreaterThanOrEqual(9);

    const [loopRow] = await store.loopList();
    const verdicts = await store.verdictList({ loopId: loopRow?.id ?? "", outcomes: ["fail"], limit: 100 });
    const verdict = verdicts.find((candidate) => candidate.attribution?.culprit);
    const spanId = verdict?.attribution?.culprit?.spanId ?? "";
    expect(await loop.confirmCulprit(verdict?.traceId ?? "")).toEqual({ confirmations: 1 });
    expect(
      await store.feedbackList({ runIds: [spanId], keys: ["loopsmith_culprit"], limit: 5, offset: 0 }),
    ).toHaveLength(1);
    await expect(loop.confirmCulprit(verdict?.traceId ?? "", newId())).rejects.toMatchObject({ code: "not_found" });
    await loop.stop();
    await store.close();
  });
});

async function newStore(): Promise<Store> {
  return sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-blame-")), "b.db") });
}

function loopOver(store: Store, options: Partial<FeedbackLoopOptions> = {}): FeedbackLoop {
  return createFeedbackLoop({
    client: { store, subscribe: () => () => {} },
    projectName: "contract",
    evaluator: (run: { outputs?: Record<string, unknown> }) => ({ key: "good", score: run.outputs?.["a"] === "ok" }),
    threshold: 0.5,
    settleMs: 0,
    lookbackMs: 1e12,
    ...options,
  });
}

async function failuresOf(loop: FeedbackLoop): Promise<Failure[]> {
  const failures: Failure[] = [];
  const off = loop.on("failure:detected", ({ failure }) => failures.push(failure));
  await loop.runOnce();
  off();
  return failures;
}

/** A model that picks the suspect with this name, and knows its check code from the instructions. */
function picking(name: string): JudgeModel {
  return {
    id: "scripted/picker",
    complete({ system, user }) {
      const check = /"check": the string "(\w+)"/.exec(system)?.[1];
      const number = new RegExp(`"number": (\\d+),\\s+"name": "${name}"`).exec(user)?.[1] ?? "none";
      const text = JSON.stringify({ reasoning: `it is ${name}`, score: number, injection: false, check });
      return Promise.resolve({ text, finish: "stop" as const });
    },
  };
}

describe("the rungs that ask the outside world", () => {
  it("let a model choose from the shortlist, and a replay prove it", async () => {
    const store = await newStore();
    await store.spanIngest({ spans: await traces(90) });
    await using first = loopOver(store);
    await first.runOnce();
    await first.stop();

    await store.spanIngest({ spans: await traces(3) });
    await using judged = loopOver(store, { blame: { judge: blameJudge({ model: picking("guess") }) } });
    const [chosen] = await failuresOf(judged);
    expect(chosen).toMatchObject({ method: "judge", culprit: { name: "guess" } });
    expect(chosen?.culprit?.evidence[0]).toMatchObject({
      kind: "judge",
      text: "chosen by the judge: it is guess",
    });
    await judged.stop();

    await store.spanIngest({ spans: await traces(3) });
    const tried: string[] = [];
    await using replayed = loopOver(store, {
      blame: {
        replay: async (_trace, span) => {
          tried.push(span.name);
          return { fixed: span.name === "guess", detail: "the answer is ok" };
        },
      },
    });
    const [proved] = await failuresOf(replayed);
    expect(proved).toMatchObject({ method: "replay", culprit: { name: "guess", score: 1 } });
    expect(tried.at(-1)).toBe("guess");
    await replayed.stop();
    await store.close();
  });

  it("cost nothing but their rung when they throw or hang", async () => {
    const store = await newStore();
    await store.spanIngest({ spans: await traces(90) });
    const told: string[] = [];
    await using loop = loopOver(store, {
      blame: {
        timeoutMs: 5,
        judge: () => new Promise(() => {}),
        replay: () => Promise.reject(new Error("no sandbox today")),
      },
    });
    loop.on("error", ({ error }) => told.push(String(error)));
    await loop.runOnce();
    await store.spanIngest({ spans: await traces(3) });
    const [failure] = await failuresOf(loop);
    expect(failure).toMatchObject({ method: "spectrum", culprit: { name: "guess" } });
    expect(told.some((text) => text.includes("the judge did not answer within 5 ms"))).toBe(true);
    expect(told.some((text) => text.includes("no sandbox today"))).toBe(true);
    await loop.stop();
    await store.close();
  });
});

it("gives the calls of a blame judge as much time as `blame.timeoutMs` says", async () => {
  const store = await newStore();
  await store.spanIngest({ spans: await traces(90) });
  await using first = loopOver(store);
  await first.runOnce();
  await first.stop();
  await store.spanIngest({ spans: await traces(3) });
  const aborted: unknown[] = [];
  const model: JudgeModel = {
    id: "scripted/hanging",
    complete: ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          aborted.push(signal.reason);
          reject(signal.reason as Error);
        }),
      ),
  };
  await using loop = loopOver(store, { blame: { timeoutMs: 30, judge: blameJudge({ model }) } });
  const failures = await failuresOf(loop);
  expect(failures.length).toBeGreaterThan(0);
  expect(aborted).toHaveLength(failures.length);
  expect(String(aborted[0])).toContain("the judge did not answer within 30 ms");
  await loop.stop();
  await store.close();
});

describe("kinds of reasons in a loop", () => {
  it("name what new failures failed for, under ids that stay", async () => {
    const store = await newStore();
    const said = ["the refund policy of last year was quoted", "the parcel was never looked up in the warehouse"];
    const evaluator = (run: { inputs?: Record<string, unknown>; outputs?: Record<string, unknown> }) => {
      const bad = run.outputs?.["a"] !== "ok";
      const number = Number(String(run.inputs?.["q"]).replace(/\D/g, ""));
      return { key: "good", score: bad ? 0 : 1, ...(bad ? { comment: `${said[number % 2]} (case ${number})` } : {}) };
    };
    await store.spanIngest({ spans: await traces(120) });
    await using first = loopOver(store, { evaluator });
    expect((await failuresOf(first)).map(({ reason }) => reason)).toContain(null);
    await first.stop();

    const kindsOf = async (): Promise<Map<string, Set<string>>> => {
      await store.spanIngest({ spans: await traces(24) });
      await using loop = loopOver(store, { evaluator });
      const kinds = new Map<string, Set<string>>();
      for (const { reason, comment } of await failuresOf(loop)) {
        const kind = comment?.startsWith(said[0]!) ? "policy" : "parcel";
        kinds.set(kind, (kinds.get(kind) ?? new Set()).add(reason?.id ?? "none"));
      }
      await loop.stop();
      return kinds;
    };
    const before = await kindsOf();
    const [policy, parcel] = [before.get("policy")!, before.get("parcel")!];
    expect([policy.size, parcel.size]).toEqual([1, 1]);
    expect([...policy, "none"]).not.toEqual(expect.arrayContaining([...parcel]));
    expect(await kindsOf()).toEqual(before);

    const [row] = await store.loopList();
    const verdicts = await store.verdictList({ loopId: row!.id, outcomes: ["fail"], limit: 100 });
    expect(verdicts.filter(({ features }) => typeof features["reason"] === "string").length).toBeGreaterThanOrEqual(16);
    await store.close();
  });
});
