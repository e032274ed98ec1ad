import type { EvaluationResult, RunEvaluator } from "langsmith/evaluation";
import { runEvaluator as langSmithRunEvaluator } from "langsmith/lib/evaluation/evaluator";
import type { Example, Run } from "langsmith/schemas";
import { describe, expect, it } from "vitest";
import type { Score } from "../model/score.ts";
import type { Evaluator } from "./evaluator.ts";
import { toEvaluator } from "./from-langsmith.ts";
import type { EvaluatorLike, ToEvaluatorOptions } from "./from-langsmith.ts";
import { inputsFixture, spanFixture, traceFixture } from "./trace.fixture.ts";

const trace = traceFixture(
  spanFixture({ id: "root", inputs: { question: "q" }, outputs: { answer: "a" } }),
  spanFixture({ id: "find", name: "retrieval", kind: "retriever", tags: ["v2"] }),
);

async function evaluate(like: EvaluatorLike, options?: ToEvaluatorOptions): Promise<Score[]> {
  const evaluator = toEvaluator(like, options);
  const scores: Score[] = [];
  for (const input of inputsFixture(evaluator, trace)) scores.push(...(await evaluator.evaluate(input)));
  return scores;
}

// Anything at all, as it comes from JavaScript users whom no compiler warned.
const returning = (value: unknown): EvaluatorLike =>
  function named() {
    return value;
  } as unknown as EvaluatorLike;

describe("toEvaluator", () => {
  it("runs the old style, (run, example)", async () => {
    function exact(run: Run, example: Example): EvaluationResult {
      return { key: "exact", score: run.outputs?.answer === "a" && example === undefined };
    }
    expect(await evaluate(exact)).toEqual([
      { key: "exact", score: 1, spanId: "root", evaluator: "exact", evaluatorVersion: "1" },
    ]);
  });

  it("runs the new style with named arguments, typed as LangSmith types them", async () => {
    const named = async (args: {
      run: Run;
      example: Example;
      inputs: Record<string, unknown>;
      outputs: Record<string, unknown>;
      referenceOutputs?: Record<string, unknown>;
    }): Promise<EvaluationResult> => ({
      key: "named",
      score: args.inputs.question === "q" && args.outputs.answer === "a" ? 0.5 : 0,
    });
    expect((await evaluate(named))[0]?.score).toBe(0.5);
  });

  it("gives untyped functions LangSmith's own loose fields", async () => {
    const scores = await evaluate(({ outputs, child_runs }) => outputs.answer.length + child_runs.length);
    expect(scores[0]).toMatchObject({ key: "evaluator", score: 2 });
  });

  it("hands the example over in an experiment", async () => {
    const evaluator = toEvaluator(
      ({ inputs, referenceOutputs }) => inputs.q === "ref" && referenceOutputs?.answer === "a",
    );
    const [input] = inputsFixture(evaluator, trace);
    if (!input) throw new Error("no input");
    const example: Example = {
      id: "e",
      dataset_id: "d",
      created_at: "",
      runs: [],
      inputs: { q: "ref" },
      outputs: { answer: "a" },
    };
    expect((await evaluator.evaluate({ ...input, example }))[0]?.score).toBe(1);
  });

  it("runs LangSmith's RunEvaluator objects, its own wrapper included", async () => {
    class Conciseness implements RunEvaluator {
      async evaluateRun(run: Run) {
        return { score: String(run.outputs?.answer).length < 3 } as EvaluationResult;
      }
    }
    expect((await evaluate(new Conciseness()))[0]).toMatchObject({ key: "Conciseness", score: 1 });
    const wrapped = langSmithRunEvaluator((run: Run) => ({ key: "wrapped", score: run.name === "root" }));
    const [score] = await evaluate(wrapped);
    expect(score).toMatchObject({ key: "wrapped", score: 1 });
    expect(score?.sourceRunId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("takes arrays, {results}, numbers and booleans", async () => {
    expect(
      (
        await evaluate(() => [
          { key: "a", score: 1 },
          { key: "b", score: null, value: "n/a" },
        ])
      ).length,
    ).toBe(2);
    expect((await evaluate(() => ({ results: [{ key: "a", score: 0.1 }] })))[0]?.score).toBe(0.1);
    expect((await evaluate(returning(0.25)))[0]).toMatchObject({ key: "named", score: 0.25 });
    expect((await evaluate(returning(false)))[0]).toMatchObject({ key: "named", score: 0 });
    expect(await evaluate(returning([]))).toEqual([]);
  });

  it("attaches results to the run they name, and to the selected child otherwise", async () => {
    const scores = await evaluate(() => ({ key: "k", score: 1, targetRunId: "find" }));
    expect(scores[0]?.spanId).toBe("find");
    const selected = await evaluate(() => 1, { name: "relevance", on: { runType: ["retriever"], tag: "v2" } });
    expect(selected).toMatchObject([{ key: "relevance", spanId: "find" }]);
    expect(await evaluate(() => 1, { on: { name: "absent" } })).toEqual([]);
    const where = { where: (run: Run, root: Run) => run.parent_run_id === root.id };
    expect((await evaluate(() => 1, { on: where }))[0]?.spanId).toBe("find");
  });

  it.each([
    [Number.NaN, /NaN \(not a finite number\) as the score: return a finite number/],
    [{ key: "k", score: "0.7" }, /"0\.7" \(string\) as the score/],
    [{ key: "k", score: Infinity }, /Infinity/],
    [{ key: "k", score: 10n }, /10 \(bigint\)/],
    [{ key: 7, score: 1 }, /7 \(number\) as the key/],
    [{ key: "k".repeat(181), score: 1 }, /at most 180 characters/],
    [{ key: "k", score: 1, targetRunId: "elsewhere" }, /"elsewhere" \(string\) as the target run/],
    [undefined, /undefined \(undefined\)/],
    [null, /null \(null\)/],
    ["good", /"good" \(string\): return \{ value: label, score: number \}/],
    [{}, /\{\} \(object\)/],
    [new Map(), /Map/],
    [() => 1, /function/],
    [[{ key: "fine", score: 1 }, null], /null/],
  ])("refuses %s, saying what it got and how to mend it", async (value, message) => {
    const attempt = evaluate(returning(value));
    await expect(attempt).rejects.toMatchObject({ code: "evaluator_failed", details: { reason: "rubbish" } });
    await expect(attempt).rejects.toThrow(message);
  });

  it("checks the range when one is set", async () => {
    expect((await evaluate(returning(1), { range: [0, 1] }))[0]?.score).toBe(1);
    await expect(evaluate(returning(7), { range: [0, 1] })).rejects.toThrow(/from 0 to 1/);
  });

  it("keeps an Evaluator as it is and refuses what is none", async () => {
    const own: Evaluator = {
      name: "own",
      version: "3",
      on: "trace",
      evaluate: async ({ span }) => [
        { key: "own", score: 1, spanId: span.id, evaluator: "own", evaluatorVersion: "3" },
      ],
    };
    expect(toEvaluator(own)).toMatchObject({ name: "own", version: "3" });
    expect(toEvaluator(own, { timeoutMs: 5 }).timeoutMs).toBe(5);
    const nameless = toEvaluator(() => [{ score: 1 }, { key: "other", score: 0 }]);
    expect(await evaluate(toEvaluator(nameless, { name: "second", version: "2" }))).toMatchObject([
      { key: "second", evaluator: "second", evaluatorVersion: "2" },
      { key: "other", evaluator: "second" },
    ]);
    expect(() => toEvaluator({ nope: 1 } as unknown as Evaluator)).toThrow(/Not an evaluator: \{"nope":1\}/);
  });
});
