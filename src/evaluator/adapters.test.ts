import { describe, expect, it } from "vitest";
import type { Score } from "../model/score.ts";
import type { Evaluator } from "./evaluator.ts";
import { fromAutoevals } from "./from-autoevals.ts";
import { fromOpenEvals } from "./from-openevals.ts";
import { inputsFixture, spanFixture, traceFixture } from "./trace.fixture.ts";

const trace = traceFixture(spanFixture({ id: "root", inputs: { question: "q" }, outputs: { answer: "Paris" } }));
const example = { id: "e", dataset_id: "d", created_at: "", runs: [], inputs: {}, outputs: { answer: "Lyon" } };

async function evaluate(evaluator: Evaluator, reference = false): Promise<Score | undefined> {
  const [input] = inputsFixture(evaluator, trace);
  return input && (await evaluator.evaluate({ ...input, ...(reference && { example }) }))[0];
}

describe("fromOpenEvals", () => {
  // The signatures of openevals, as its own evaluators are typed.
  const exact = async (params: { outputs: unknown; referenceOutputs?: unknown; [key: string]: unknown }) => ({
    key: "equal",
    score: JSON.stringify(params.outputs) === JSON.stringify(params.referenceOutputs),
    comment: Object.keys(params).sort().join(),
    metadata: {},
  });

  it("maps the run to its arguments and leaves out what is missing", async () => {
    const evaluator = fromOpenEvals(exact, { name: "exact" });
    expect(await evaluate(evaluator)).toMatchObject({ key: "equal", score: 0, comment: "inputs,outputs" });
    expect(await evaluate(evaluator, true)).toMatchObject({ comment: "inputs,outputs,referenceOutputs" });
    const mapped = fromOpenEvals(exact, {
      name: "exact",
      args: { outputs: "outputs.answer", referenceOutputs: () => "Paris" },
    });
    expect(await evaluate(mapped)).toMatchObject({ score: 1, evaluator: "exact" });
  });
});

describe("fromAutoevals", () => {
  function Same(args: { output: string; expected?: string; input?: unknown; strict?: boolean }) {
    return { name: "Same", score: args.output === args.expected ? 1 : 0, metadata: { rationale: "compared", args } };
  }

  it("maps texts and literals, and reads { name, score, metadata }", async () => {
    const score = await evaluate(fromAutoevals(Same, { extra: { strict: true } }), true);
    expect(score).toMatchObject({
      key: "Same",
      evaluator: "Same",
      score: 0,
      comment: "compared",
      value: { args: { input: "q", output: "Paris", expected: "Lyon", strict: true } },
    });
    expect((await evaluate(fromAutoevals(Same, { args: { expected: () => "Paris" } })))?.score).toBe(1);
  });

  it("passes null through, throws the scorer's own error, refuses what is no score", async () => {
    expect(await evaluate(fromAutoevals(() => ({ name: "n", score: null })))).toMatchObject({ score: null });
    const failing = fromAutoevals(() => ({ name: "n", score: null, error: new Error("no expected value") }));
    await expect(evaluate(failing)).rejects.toThrow("no expected value");
    await expect(evaluate(fromAutoevals(() => 0.5))).rejects.toThrow(/returned 0.5/);
  });
});
