import { describe, expect, it } from "vitest";
import type { Score } from "../model/score.ts";
import { allOf, anyOf, vetoedBy, weightedMean } from "./composite.ts";
import { defineEvaluator } from "./define-evaluator.ts";
import type { Evaluator } from "./evaluator.ts";
import { inputsFixture, spanFixture, traceFixture } from "./trace.fixture.ts";

const trace = traceFixture(
  spanFixture({ id: "root", dottedOrder: "1" }),
  spanFixture({ id: "a", kind: "tool", dottedOrder: "1.2", metadata: { score: 0.9 } }),
  spanFixture({ id: "b", kind: "tool", dottedOrder: "1.3", metadata: { score: 0.3 } }),
);

async function evaluate(evaluator: Evaluator): Promise<Score[]> {
  const scores = await Promise.all(inputsFixture(evaluator, trace).map((input) => evaluator.evaluate(input)));
  return scores.flat();
}

const fixed = (name: string, score: number | null): Evaluator =>
  defineEvaluator({ name, cost: { usd: 0.01 }, evaluate: () => ({ score }) });
const tools = defineEvaluator({
  name: "tools",
  on: { runType: "tool" },
  cost: { usd: 0.002 },
  evaluate: ({ extra }) => extra.metadata.score as number,
});
const options = { name: "both", parts: false };

describe("composites", () => {
  it.each<[string, Evaluator, number | null, string]>([
    [
      "all",
      allOf([fixed("x", 0.4), fixed("y", 0.8), tools], options),
      0.3,
      "lowest of x 0.4, y 0.8, tools 0.9, tools 0.3",
    ],
    ["any", anyOf([fixed("x", 0.4), fixed("y", 0.8)], options), 0.8, "highest of x 0.4, y 0.8"],
    [
      "weighted",
      weightedMean(
        [
          [fixed("x", 0), 1],
          [fixed("y", 1), 3],
          [fixed("z", null), 9],
        ],
        options,
      ),
      0.75,
      "weighted mean of x 0, y 1",
    ],
    ["veto", vetoedBy(fixed("x", 0.9), [fixed("safe", 0.2)], options), 0, "vetoable of x 0.9, safe 0.2"],
    ["no veto", vetoedBy(fixed("x", 0.9), [fixed("safe", 0.5)], options), 0.9, "vetoable of x 0.9, safe 0.5"],
    ["none applies", allOf([fixed("x", null)], options), null, "no part applies"],
    ["only a veto applies", vetoedBy(fixed("x", null), [fixed("safe", 1)], options), null, "vetoable of safe 1"],
  ])("%s", async (_name, evaluator, score, comment) => {
    expect(await evaluate(evaluator)).toMatchObject([{ key: "both", score, comment, spanId: "root" }]);
  });

  it("costs what its parts cost, where that can be told beforehand", () => {
    expect(allOf([fixed("x", 1), fixed("y", 1)], options).cost).toEqual({ usd: 0.02 });
    expect(allOf([fixed("x", 1), () => 1], options).cost).toBeUndefined();
    expect(allOf([fixed("x", 1), tools], options).cost).toBeUndefined();
    expect(allOf([fixed("x", 1), { ...tools, cost: { usd: 0 } }], options).cost).toEqual({ usd: 0.01 });
    expect(allOf([fixed("x", 1), tools], { ...options, cost: { usd: 0.1 } }).cost).toEqual({ usd: 0.1 });
  });

  it("records the parts beside it, each on its own span", async () => {
    const evaluator = allOf([fixed("x", 1), tools], { name: "both" });
    const scores = await evaluate(evaluator);
    expect(scores.map(({ key, spanId, score }) => [key, spanId, score])).toEqual([
      ["both", "root", 0.3],
      ["x", "root", 1],
      ["tools", "a", 0.9],
      ["tools", "b", 0.3],
    ]);
  });

  it("stays inside its own target", async () => {
    const scores = await evaluate(allOf([tools], { ...options, on: { name: "b" } }));
    expect(scores).toMatchObject([{ spanId: "b", score: 0.3 }]);
  });

  it("fails when a part fails, naming it", async () => {
    const broken = defineEvaluator({ name: "broken", evaluate: () => Number.NaN });
    await expect(evaluate(anyOf([fixed("x", 1), broken], options))).rejects.toThrow(/"broken" returned NaN/);
  });

  it("refuses no parts and weights that are none", () => {
    expect(() => allOf([], options)).toThrow(/no parts/);
    expect(() => weightedMean([[fixed("x", 1), 0]], options)).toThrow(/weights 0/);
  });
});
