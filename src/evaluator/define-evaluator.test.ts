import { describe, expect, it, vi } from "vitest";
import type { Score } from "../model/score.ts";
import { defineEvaluator } from "./define-evaluator.ts";
import { memoryCache } from "./evaluation-cache.ts";
import type { Evaluator } from "./evaluator.ts";
import { text } from "./input-mapping.ts";
import type { Trace } from "../model/trace.ts";
import { inputsFixture, spanFixture, traceFixture } from "./trace.fixture.ts";

const trace = traceFixture(
  spanFixture({
    id: "root",
    inputs: { question: "how?" },
    outputs: { answer: "so", items: [{ id: 1 }, { id: 2 }, {}] },
    metadata: { tier: "gold" },
  }),
  spanFixture({ id: "find", kind: "retriever", inputs: { query: "how" }, outputs: { documents: ["a", "b"] } }),
);

async function evaluate(evaluator: Evaluator): Promise<Score[]> {
  const scores = await Promise.all(inputsFixture(evaluator, trace).map((input) => evaluator.evaluate(input)));
  return scores.flat();
}

describe("defineEvaluator", () => {
  it("hands over what was declared, wherever it stands in the trace", async () => {
    const seen: unknown[] = [];
    const evaluator = defineEvaluator({
      name: "declared",
      inputs: {
        answer: text("outputs.answer"),
        ids: "outputs.items.*.id",
        first: "outputs.items.0.id",
        tier: "metadata.tier",
        question: "root.inputs.question",
        children: (run) => run.child_runs.length,
        reference: "example.outputs.answer",
      },
      optional: ["reference"],
      evaluate(inputs) {
        const typed: { answer: string; children: number } = inputs;
        seen.push(typed);
        return true;
      },
    });
    expect((await evaluate(evaluator))[0]).toMatchObject({ key: "declared", score: 1, spanId: "root" });
    expect(seen).toEqual([
      { answer: "so", ids: [1, 2], first: 1, tier: "gold", question: "how?", children: 1, reference: undefined },
    ]);
  });

  it("scores null, and says why, where a declared input is missing", async () => {
    const evaluator = defineEvaluator({
      name: "e",
      inputs: { a: "outputs.nothing", b: "outputs.constructor", c: "outputs.answer" },
      evaluate: () => 1,
    });
    expect((await evaluate(evaluator))[0]).toMatchObject({ score: null, comment: "not applicable: a, b missing" });
  });

  it("judges each selected span", async () => {
    const evaluator = defineEvaluator({
      name: "count",
      version: "2",
      on: { runType: "retriever" },
      evaluate: ({ outputs }) => outputs.documents.length / 10,
    });
    expect(await evaluate(evaluator)).toEqual([
      { key: "count", score: 0.2, spanId: "find", evaluator: "count", evaluatorVersion: "2" },
    ]);
  });

  it("asks once for equal inputs, whatever the order of their keys, and charges once", async () => {
    const call = vi.fn(async () => ({ score: 0.5, cost: { usd: 1 } }));
    const cache = memoryCache();
    const evaluator = (version: string): Evaluator =>
      defineEvaluator({ name: "paid", version, inputs: { answer: "outputs" }, cache, evaluate: call });
    const other = traceFixture(
      spanFixture({ id: "root", outputs: { items: [{ id: 1 }, { id: 2 }, {}], answer: "so" } }),
    );
    const [a, b] = [evaluator("1"), evaluator("1")];
    const both = await Promise.all([evaluate(a), evaluate(a)]);
    expect(both.flat().map((score) => score.cost)).toEqual([{ usd: 1 }, undefined]);
    const [elsewhere] = inputsFixture(b, other);
    expect(elsewhere && (await b.evaluate(elsewhere))).toMatchObject([{ score: 0.5, spanId: "root" }]);
    expect(call).toHaveBeenCalledTimes(1);
    await evaluate(evaluator("2"));
    expect(call).toHaveBeenCalledTimes(2);
  });

  it("remembers for all who share a cache, but nothing that names spans", async () => {
    const call = vi.fn(() => ({ score: 0.5 }));
    const make = (): Evaluator =>
      defineEvaluator({ name: "paid", inputs: { answer: "outputs.answer" }, cache: "shared", evaluate: call });
    const sharedCache = memoryCache();
    const through = async (evaluator: Evaluator, trace: Trace): Promise<unknown> => {
      const [input] = inputsFixture(evaluator, trace);
      return input && evaluator.evaluate({ ...input, sharedCache });
    };
    const other = traceFixture(spanFixture({ id: "elsewhere", parentId: null, outputs: { answer: "so" } }));
    await through(make(), trace);
    expect(await through(make(), other)).toMatchObject([{ score: 0.5, spanId: "elsewhere" }]);
    expect(call).toHaveBeenCalledTimes(1);
    const namesake = defineEvaluator({
      name: "paid",
      inputs: { answer: "outputs.answer" },
      cache: "shared",
      evaluate: () => 1,
    });
    expect(await through(namesake, trace)).toMatchObject([{ score: 1 }]);
    // Where nobody shares one, it is the evaluator's own.
    await evaluate(make());
    expect(call).toHaveBeenCalledTimes(2);

    const pointing = defineEvaluator({
      name: "pointing",
      inputs: { answer: "outputs.answer" },
      cache: "shared",
      evaluate: (_inputs, { span }) => [{ score: 0, spanId: span.id }],
    });
    await through(pointing, trace);
    expect(await through(pointing, other)).toMatchObject([{ spanId: "elsewhere" }]);
  });

  it("does not remember failures, and forgets the oldest", async () => {
    const call = vi.fn().mockRejectedValueOnce(new Error("down")).mockResolvedValue(1);
    const evaluator = defineEvaluator({ name: "e", inputs: { a: "outputs.answer" }, cache: true, evaluate: call });
    await expect(evaluate(evaluator)).rejects.toThrow("down");
    expect((await evaluate(evaluator))[0]?.score).toBe(1);
    const full = { get: () => Promise.resolve(undefined), set: () => Promise.reject(new Error("disk is full")) };
    const paid = defineEvaluator({ name: "e", inputs: { a: "outputs.answer" }, cache: full, evaluate: () => 1 });
    expect((await evaluate(paid))[0]?.score).toBe(1);
    const cache = memoryCache({ max: 2 });
    await cache.set("a", 1);
    await cache.set("b", 2);
    await cache.get("a");
    await cache.set("c", 3);
    expect([await cache.get("a"), await cache.get("b"), await cache.get("c")]).toEqual([1, undefined, 3]);
  });

  it.each([
    [{ name: "" }, /name is ""/],
    [{ name: "e", range: [1, 0] as const }, /range is \[1,0\]/],
    [{ name: "e", timeoutMs: 0 }, /timeoutMs is 0/],
    [{ name: "e", cache: true }, /cache is true/],
    [{ name: "e", cache: "disk", inputs: {} } as never, /cache is "disk"/],
  ])("refuses %j", (definition, message) => {
    expect(() => defineEvaluator({ ...definition, evaluate: () => 1 })).toThrow(message);
  });
});
