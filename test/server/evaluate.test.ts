import type { Client } from "langsmith";
import { evaluate, evaluateComparative } from "langsmith/evaluation";
import type { KVMap, Run } from "langsmith/schemas";
import { traceable } from "langsmith/traceable";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect, startServer, type RunningServer } from "./official-client.ts";

const EXAMPLES = 100;

let running: RunningServer;
let client: Client;
beforeAll(async () => {
  running = await startServer();
  client = running.client;
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** A dataset of the numbers below 100, whose right answers are their squares. */
async function squares(name: string): Promise<string> {
  const { id } = await client.createDataset(name);
  await client.createExamples({
    datasetId: id,
    inputs: Array.from({ length: EXAMPLES }, (_, n) => ({ n })),
    outputs: Array.from({ length: EXAMPLES }, (_, n) => ({ square: n * n })),
  });
  return id;
}

interface Square {
  square: number;
}

/** What the official runners hand to evaluators; their own types are unions that infer nothing. */
interface Judged {
  inputs: KVMap;
  outputs: KVMap;
  referenceOutputs?: KVMap;
}
interface AllJudged {
  outputs: KVMap[];
  referenceOutputs?: KVMap[];
}

/** Wrong on every n divisible by `wrongOn`. */
function squarer(wrongOn: number): (inputs: { n: number }) => Promise<Square> {
  const multiply = traceable(async (n: number) => n * n, { name: "multiply", run_type: "tool", client });
  return async ({ n }) => ({ square: (await multiply(n)) + (n % wrongOn === 0 ? 1 : 0) });
}

const isRight = ({ outputs, referenceOutputs }: { outputs?: object; referenceOutputs?: object }): boolean =>
  (outputs as Square).square === (referenceOutputs as Square).square;

async function experiment(dataset: string, prefix: string, wrongOn: number) {
  return evaluate(squarer(wrongOn), {
    data: dataset,
    client,
    experimentPrefix: prefix,
    maxConcurrency: 10,
    evaluators: [
      (args: Judged) => ({ key: "right", score: isRight(args) ? 1 : 0 }),
      ({ inputs }: Judged) => ({ key: "parity", value: Number(inputs["n"]) % 2 === 0 ? "even" : "odd" }),
    ],
    summaryEvaluators: [
      ({ outputs, referenceOutputs }: AllJudged) => {
        const right = outputs.filter((output, index) =>
          isRight({ outputs: output, referenceOutputs: referenceOutputs?.[index] ?? {} }),
        );
        return { key: "accuracy", score: right.length / outputs.length };
      },
    ],
  });
}

describe("evaluate(), by the official client", () => {
  it("runs 100 examples, 10 at a time, and the statistics are right", async () => {
    const datasetId = await squares("squares");
    const results = await experiment("squares", "every fourth wrong", 4);
    await client.awaitPendingTraceBatches();
    expect(results.results).toHaveLength(EXAMPLES);
    const project = await client.readProject({ projectName: results.experimentName, includeStats: true });
    expect(project).toMatchObject({
      reference_dataset_id: datasetId,
      run_count: EXAMPLES,
      error_rate: 0,
      feedback_stats: {
        right: { n: EXAMPLES, avg: 0.75 },
        parity: { n: EXAMPLES, avg: null, values: { even: 50, odd: 50 } },
      },
      session_feedback_stats: { accuracy: { n: 1, avg: 0.75 } },
    });
    expect(Number(project.latency_p50)).toBeGreaterThanOrEqual(0);
    expect(Number(project.latency_p99)).toBeGreaterThanOrEqual(Number(project.latency_p50));
    expect((await client.readDataset({ datasetId })).session_count).toBe(1);

    const { listening } = running;
    const examplesWithRuns = async (
      body: object,
    ): Promise<{ inputs: { n: number }; runs: { [field: string]: unknown }[] }[]> => {
      const response = await fetch(`${listening.url}/datasets/${datasetId}/runs`, {
        method: "POST",
        body: JSON.stringify({ session_ids: [project.id], ...body }),
      });
      return (await response.json()) as never;
    };
    const all = await examplesWithRuns({ limit: EXAMPLES });
    expect(all).toHaveLength(EXAMPLES);
    for (const { inputs, runs } of all) {
      const right = inputs.n % 4 === 0 ? 0 : 1;
      expect(runs).toHaveLength(1);
      expect(runs[0]).toMatchObject({ inputs, feedback_stats: { right: { n: 1, avg: right } } });
      expect(runs[0]?.["feedbacks"]).toMatchObject(
        expect.arrayContaining([expect.objectContaining({ key: "right", score: right })]),
      );
    }
    expect(await examplesWithRuns({ limit: 30, offset: 90 })).toHaveLength(10);
    const wrong = await examplesWithRuns({
      limit: EXAMPLES,
      filters: { [project.id]: ['and(eq(feedback_key, "right"), lt(feedback_score, 0.5))'] },
    });
    expect(wrong.map(({ inputs }) => inputs.n % 4)).toEqual(Array.from({ length: 25 }, () => 0));
    const sorted = await examplesWithRuns({ limit: 26, sort_params: { sort_by: "feedback.right", sort_order: "ASC" } });
    expect(sorted.map(({ inputs }) => inputs.n % 4 === 0)).toEqual([...Array.from({ length: 25 }, () => true), false]);
    const [preview] = await examplesWithRuns({ limit: 1, preview: true });
    expect(preview?.runs[0]).toHaveProperty("inputs_preview");
    expect(preview?.runs[0]).not.toHaveProperty("inputs");

    const v2 = await collect(
      client.datasets.experimentRuns.query(datasetId, {
        experiment_ids: [project.id],
        selects: ["OUTPUTS", "FEEDBACK_STATS"],
        page_size: 40,
      }),
    );
    expect(new Set(v2.map(({ id }) => id)).size).toBe(EXAMPLES);
    const seven = v2.find(({ inputs }) => (inputs as { n: number }).n === 7);
    expect(seven?.runs?.[0]).toMatchObject({ outputs: { square: 49 }, feedback_stats: { right: { n: 1, avg: 1 } } });
  });

  it("compares two experiments, and keeps the comparison apart from their own scores", async () => {
    await squares("compared");
    const [better, worse] = [await experiment("compared", "better", 10), await experiment("compared", "worse", 2)];
    await client.awaitPendingTraceBatches();
    const comparison = await evaluateComparative([better, worse], {
      client,
      maxConcurrency: 10,
      evaluators: [
        ({ runs, referenceOutputs }: { runs: Run[]; referenceOutputs?: KVMap }) => ({
          key: "preferred",
          scores: Object.fromEntries(
            runs.map((run) => [
              run.id,
              isRight({ outputs: run.outputs ?? {}, referenceOutputs: referenceOutputs ?? {} }) ? 1 : 0,
            ]),
          ),
        }),
      ],
    });
    expect(comparison.results).toHaveLength(EXAMPLES);
    const one = await client.readProject({ projectName: better.experimentName, includeStats: true });
    const two = await client.readProject({ projectName: worse.experimentName, includeStats: true });
    expect(Object.keys(one.feedback_stats ?? {}).sort()).toEqual(["parity", "right"]);
    const response = await fetch(`${running.listening.url}/datasets/${one.reference_dataset_id}/comparative`);
    expect(await response.json()).toMatchObject([
      {
        name: comparison.experimentName,
        experiments_info: [{ id: one.id }, { id: two.id }],
        feedback_stats: {
          preferred: { [one.id]: { n: EXAMPLES, avg: 0.9 }, [two.id]: { n: EXAMPLES, avg: 0.5 } },
        },
      },
    ]);
  });

  it("tells a duplicate experiment name, repeats examples, and reads the version it is told to", async () => {
    const datasetId = await squares("repeated");
    await client.updateDatasetTag({ datasetId, asOf: new Date().toISOString(), tag: "hundred" });
    await client.createExample({ n: 1000 }, { square: 1_000_000 }, { datasetId });
    await client.createProject({ projectName: "taken" });
    await expect(client.createProject({ projectName: "taken" })).rejects.toMatchObject({
      name: "LangSmithConflictError",
    });
    const results = await evaluate(squarer(4), {
      data: client.listExamples({ datasetId, asOf: "hundred" }),
      client,
      numRepetitions: 2,
      maxConcurrency: 10,
    });
    await client.awaitPendingTraceBatches();
    expect(results.results).toHaveLength(2 * EXAMPLES);
    const project = await client.readProject({ projectName: results.experimentName });
    expect(project.run_count).toBe(2 * EXAMPLES);
  });
});
