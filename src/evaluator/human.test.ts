import { describe, expect, it } from "vitest";
import type { SpanScore } from "../model/trace.ts";
import { defineConversationEvaluator, idleFrom, runConversationEvaluator } from "./conversation.ts";
import { humanEvaluator } from "./human.ts";
import type { HumanEvaluatorOptions } from "./human.ts";
import { inputsFixture, spanFixture, traceFixture } from "./trace.fixture.ts";

describe("humanEvaluator", () => {
  const judged = async (scores: SpanScore[], options: Partial<HumanEvaluatorOptions> = {}) => {
    const evaluator = humanEvaluator({ key: "quality", ...options });
    const trace = traceFixture(spanFixture({ id: "root" }), spanFixture({ id: "child", scores }));
    const [input] = inputsFixture(evaluator, trace);
    return input && (await evaluator.evaluate(input))[0];
  };
  const given = [
    { key: "quality", score: 1, comment: "fine" },
    { key: "other", score: 0 },
    { key: "quality", score: 0, comment: "not fine" },
    { key: "quality", score: 0.6 },
  ];

  it("takes the newest feedback, its comment and its span", async () => {
    expect(await judged(given)).toMatchObject({ key: "quality", score: 0.6, spanId: "child" });
    expect(await judged(given, { combine: "min" })).toMatchObject({ score: 0, comment: "not fine" });
    expect((await judged(given, { combine: "mean" }))?.score).toBeCloseTo(1.6 / 3);
  });

  it("waits with null until somebody has judged", async () => {
    expect(await judged([])).toMatchObject({ score: null, comment: 'no feedback "quality" yet' });
    expect(await judged(given, { anywhere: false })).toMatchObject({ score: null });
  });

  it("reads categories through labels", async () => {
    const labelled = [{ key: "quality", score: null, value: "bad" }];
    expect(await judged(labelled, { labels: { bad: 0 } })).toMatchObject({ score: 0 });
    expect(await judged(labelled)).toMatchObject({ score: null });
  });
});

describe("conversation evaluators", () => {
  const turn = (id: string, startAt: number, question: string, answer: string) =>
    traceFixture(
      spanFixture({ id, parentId: null, startAt, endAt: startAt + 10, inputs: { question }, outputs: { answer } }),
    );
  const thread = [turn("t2", 2000, "and then?", "goodbye"), turn("t1", 1000, "hello?", "hi")];

  it("sees the turns in order and scores the last trace, or the run it names", async () => {
    const evaluator = defineConversationEvaluator({
      name: "resolved",
      evaluate: ({ turns, runs, threadId }) => [
        {
          score: turns.at(-1)?.assistant === "goodbye",
          comment: `${threadId}: ${turns.map(({ user }) => user).join(" ")}`,
        },
        { key: "opening", score: 1, targetRunId: runs[0]?.id ?? "" },
      ],
    });
    expect(evaluator).toMatchObject({ version: "1", idleMs: 900_000 });
    expect(await runConversationEvaluator(evaluator, "thread", thread)).toMatchObject([
      { key: "resolved", score: 1, spanId: "t2", comment: "thread: hello? and then?" },
      { key: "opening", spanId: "t1" },
    ]);
    expect(await runConversationEvaluator(evaluator, "thread", [])).toEqual([]);
  });

  it("keeps the guarantees of runEvaluator", async () => {
    const hangs = defineConversationEvaluator({ name: "hangs", timeoutMs: 5, evaluate: () => new Promise(() => {}) });
    await expect(runConversationEvaluator(hangs, "t", thread)).rejects.toMatchObject({ code: "evaluator_failed" });
  });

  it("knows when a thread went idle", () => {
    expect(idleFrom(thread, 500)).toBe(2510);
    expect(idleFrom([...thread, traceFixture(spanFixture({ id: "root", endAt: null }))], 500)).toBeNull();
  });
});
