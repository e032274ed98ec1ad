import { Client } from "langsmith";
import { evaluate } from "langsmith/evaluation";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stableId } from "../../src/model/id.ts";
import { embeddedExperiments } from "../../src/platform/embedded-experiments.ts";
import { langsmithExperiments } from "../../src/platform/langsmith-experiments.ts";
import { rateLimiter } from "../../src/platform/rate-limiter.ts";
import type { ExperimentPlatform, ExperimentResult, PlatformExample } from "../../src/remedy/experiment-platform.ts";
import { collect, startServer, type RunningServer } from "../server/official-client.ts";

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const STARTED_AT = Date.now();

const outOfTurn: string[] = [];

/** A LangSmith whose requests are watched: none may be made but in a turn of the limiter. */
function pacedLangSmith(): ExperimentPlatform {
  const limiter = rateLimiter();
  let turns = 0;
  const watched = new Client({
    apiUrl: running.listening.url,
    apiKey: "any",
    fetchImplementation(input, init) {
      const { url, method } = new Request(input, init);
      if (turns === 0 && !url.endsWith("/info")) outOfTurn.push(`${method} ${new URL(url).pathname}`);
      return fetch(input, init);
    },
  });
  return langsmithExperiments(watched, {
    ...limiter,
    async run(call, ...rest) {
      turns += 1;
      try {
        return await limiter.run(call, ...rest);
      } finally {
        turns -= 1;
      }
    },
  });
}

afterAll(() => {
  expect(outOfTurn).toEqual([]);
});

const example = (name: string, index: number, rest: Partial<PlatformExample> = {}): PlatformExample => ({
  id: stableId(name, index),
  inputs: { question: `q${index}` },
  metadata: { loopsmith: { control: index % 2 === 0 } },
  split: index < 2 ? "visible" : "held_out",
  sourceRunId: stableId(name, "source", index),
  ...rest,
});

const result = (name: string, index: number): ExperimentResult => ({
  runId: stableId(name, "run", index),
  exampleId: stableId(name, index),
  repetition: 1,
  inputs: { question: `q${index}` },
  outputs: index === 3 ? null : { answer: `a${index}` },
  error: index === 3 ? "it broke" : null,
  startAt: STARTED_AT + index,
  endAt: STARTED_AT + 500 + index,
  costUsd: 0.25,
  tokens: 12,
  metadata: { arm: "wider" },
  scores: [
    {
      id: stableId(name, "score", index),
      key: "right",
      score: index / 4,
      comment: "so it is",
      evaluator: "right",
      evaluatorVersion: "3",
    },
  ],
});

const byId = <T extends { id: string }>(items: readonly T[]): T[] => items.toSorted((a, b) => (a.id < b.id ? -1 : 1));

describe.each([
  ["in the embedded store", () => embeddedExperiments(running.server.store)],
  ["on a LangSmith, by the official client over HTTP", pacedLangSmith],
] as [string, () => ExperimentPlatform][])("an experiment platform %s", (where, open) => {
  it("keeps a dataset that grows, with splits, corrections and versions", async () => {
    const platform = open();
    const name = `dataset ${where}`;
    const params = { id: stableId(name), name, description: "d", metadata: { loopsmith: { pattern: "p" } } };
    expect(await platform.datasetFind({ name })).toBeNull();
    const { id: datasetId } = await platform.datasetEnsure(params);
    expect(await platform.datasetEnsure(params)).toEqual({ id: datasetId });
    expect(await platform.datasetFind({ name })).toEqual({ id: datasetId });
    expect((await platform.exampleWrite({ datasetId, examples: [] })).version).not.toBe("");

    const first = [0, 1, 2].map((index) => example(name, index));
    const { version } = await platform.exampleWrite({ datasetId, examples: first });
    expect(byId(await platform.exampleList({ datasetId }))).toEqual(byId(first));
    const corrected = example(name, 1, { outputs: { answer: "right" } });
    await platform.exampleWrite({ datasetId, examples: [corrected, example(name, 3)] });
    expect(byId(await platform.exampleList({ datasetId }))).toEqual(
      byId([example(name, 0), corrected, example(name, 2), example(name, 3)]),
    );
    expect(byId(await platform.exampleList({ datasetId, version }))).toEqual(byId(first));
    expect(byId(await platform.exampleList({ datasetId, split: "held_out" }))).toEqual(
      byId([example(name, 2), example(name, 3)]),
    );
  });

  it("keeps experiments as the ones evaluate() makes, and nothing twice", async () => {
    const platform = open();
    const name = `experiment ${where}`;
    const dataset = await platform.datasetEnsure({ id: stableId(name), name, description: "", metadata: {} });
    const examples = [0, 1, 2, 3].map((index) => example(name, index));
    const { version } = await platform.exampleWrite({ datasetId: dataset.id, examples });
    const params = {
      id: stableId(name, "arm"),
      name: `${name}: wider`,
      description: "The candidate.",
      datasetId: dataset.id,
      datasetVersion: version,
      metadata: { loopsmith: { role: "candidate" } },
    };
    expect(await platform.experimentFind({ nameOrId: params.name })).toBeNull();
    const { id: experimentId } = await platform.experimentEnsure(params);
    expect(await platform.experimentEnsure(params)).toEqual({ id: experimentId });
    const results = [0, 1, 2, 3].map((index) => result(name, index));
    for (const one of [...results, ...results]) await platform.resultWrite({ experimentId, result: one });
    const read = await platform.resultList({ experimentId });
    expect(read.toSorted((a, b) => a.startAt - b.startAt)).toEqual(
      results.map((one) => ({ ...one, metadata: expect.objectContaining({ arm: "wider", repetition: 1 }) })),
    );
    await platform.experimentAnnotate({ experimentId, metadata: { loopsmith_gate: { verdict: "PASS" } } });
    for (const nameOrId of [params.name, experimentId]) {
      expect(await platform.experimentFind({ nameOrId })).toMatchObject({
        id: experimentId,
        name: params.name,
        datasetId: dataset.id,
        metadata: { loopsmith: { role: "candidate" }, loopsmith_gate: { verdict: "PASS" } },
      });
    }

    const { client } = running;
    const shown = await collect(client.listProjects({ referenceDatasetId: dataset.id, includeStats: true }));
    expect(shown.map((project) => [project.name, project.run_count])).toEqual([[params.name, 4]]);
    expect(shown[0]?.feedback_stats).toMatchObject({ right: { n: 4, avg: 0.375 } });
    const runs = await collect(client.listRuns({ projectId: experimentId, isRoot: true }));
    expect(new Set(runs.map((run) => run.reference_example_id))).toEqual(new Set(examples.map(({ id }) => id)));
  });

  it("reads what people said of a run", async () => {
    const platform = open();
    const name = `feedback ${where}`;
    const { client } = running;
    const { id: datasetId } = await client.createDataset(name);
    await client.createExamples({ datasetId, inputs: [{ n: 1 }], outputs: [{ n: 1 }] });
    const { results } = await evaluate(async ({ n }: { n: number }) => ({ n }), { data: name, client });
    await client.awaitPendingTraceBatches();
    const runId = results[0]?.run.id ?? "";
    expect(await platform.feedbackList({ runIds: [runId] })).toEqual([]);
    const options = { correction: { n: 2 }, comment: "two", feedbackSourceType: "app" as const };
    await client.createFeedback(runId, "note", { score: 0, ...options, sourceInfo: { user_name: "ana" } });
    expect(await platform.feedbackList({ runIds: [runId] })).toEqual([
      { runId, key: "note", score: 0, comment: "two", correction: { n: 2 }, who: "ana" },
    ]);
  });

  it("commits prompts and moves their tags", async () => {
    const platform = open();
    const name = `prompt-${stableId(where).slice(0, 8)}`;
    expect(await platform.promptRead({ name })).toBeNull();
    const content = (template: string) => ({
      lc: 1,
      type: "constructor",
      id: ["langchain_core", "prompts", "prompt", "PromptTemplate"],
      kwargs: { template, input_variables: ["question"], template_format: "f-string" },
    });
    const commit = (template: string) =>
      platform.promptCommit({ name, content: content(template), description: template });
    const old = await commit("old {question}");
    expect(await commit("old {question}")).toEqual(old);
    expect(await platform.promptRead({ name, tag: "production" })).toBeNull();
    await platform.promptTag({ name, commit: old.commit, tag: "production" });
    const fresh = await commit("new {question}");
    expect(await platform.promptRead({ name })).toEqual({ ...fresh, content: content("new {question}") });
    expect(await platform.promptRead({ name, tag: "production" })).toEqual({
      ...old,
      content: content("old {question}"),
    });
    await platform.promptTag({ name, commit: fresh.commit, tag: "production" });
    const pulled = await running.client.pullPromptCommit(`${name}:production`, { skipCache: true });
    expect(pulled.commit_hash).toBe(fresh.commit);
    const never = platform.promptTag({ name, commit: "0".repeat(64), tag: "production" });
    await expect(never).rejects.toMatchObject({ code: "not_found" });
  });
});
