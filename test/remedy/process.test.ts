import { evaluate } from "langsmith/evaluation";
import type { KVMap } from "langsmith/schemas";
import { traceable } from "langsmith/traceable";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFeedbackLoop, type FeedbackLoop, type FeedbackLoopOptions } from "../../src/index.ts";
import { startServer, type RunningServer } from "../server/official-client.ts";

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const EXAMPLES = 12;
/** n divisible by 3 is answered wrongly. */
const WRONG = EXAMPLES / 3;

/** An experiment by the official runner whose `right` fails for a third of the examples, two repetitions of each. */
async function experiment(name: string) {
  const { client } = running;
  const { id } = await client.createDataset(name);
  await client.createExamples({
    datasetId: id,
    inputs: Array.from({ length: EXAMPLES }, (_, n) => ({ n })),
    outputs: Array.from({ length: EXAMPLES }, (_, n) => ({ square: n * n })),
  });
  const multiply = traceable(async (n: number) => (n % 3 === 0 ? n * n + 1 : n * n), {
    name: "multiply",
    run_type: "tool",
    client,
  });
  const results = await evaluate(async ({ n }: { n: number }) => ({ square: await multiply(n) }), {
    data: name,
    client,
    experimentPrefix: name,
    numRepetitions: 2,
    evaluators: [
      ({ outputs, referenceOutputs }: { outputs: KVMap; referenceOutputs?: KVMap }) => ({
        key: "right",
        score: outputs["square"] === referenceOutputs?.["square"],
        comment: "compared with the square",
      }),
    ],
  });
  await client.awaitPendingTraceBatches();
  return results;
}

function loopOver(name: string, options: Partial<FeedbackLoopOptions> = {}): FeedbackLoop {
  return createFeedbackLoop({
    client: running.server,
    projectName: name,
    evaluator: () => {
      throw new Error("an experiment's scores are paid for already");
    },
    threshold: { right: 0.5 },
    onFailure: () => ({ action: "add_to_annotation_queue", queueName: `${name} review` }),
    ...options,
  });
}

describe("loop.process", () => {
  it("blames, decides, acts and learns from what evaluate() returned, once", async () => {
    const results = await experiment("memory");
    const seen: { children: string[]; key: string; comment: string | undefined }[] = [];
    await using loop = loopOver("memory", {
      onFailure: (run, _score, { key, comment }) => {
        seen.push({ children: run.child_runs.map((child) => child.name), key, comment });
        return { action: "add_to_annotation_queue", queueName: "memory review" };
      },
    });
    const first = await loop.process(results);
    expect(first).toEqual({ judged: 2 * EXAMPLES, failures: 2 * WRONG, delivered: 2 * WRONG, unscored: 0 });
    expect(seen[0]).toEqual({ children: ["multiply"], key: "right", comment: "compared with the square" });
    expect((await loop.status()).verdicts).toMatchObject({ pass: 2 * (EXAMPLES - WRONG), fail: 2 * WRONG });

    const nothing = { judged: 0, failures: 0, delivered: 0, unscored: 0 };
    expect(await loop.process(results)).toEqual(nothing);
    expect(await loop.process(results.experimentName), "the same runs by name").toEqual(nothing);
    const queue = await running.server.store.queueEnsure({ name: "memory review" });
    const items = await running.server.store.queueItemList({ queueId: queue.id, limit: 100, offset: 0 });
    const failing = results.results.filter(({ run }) => Number(run.inputs["n"]) % 3 === 0).map(({ run }) => run.id);
    expect(items.map((item) => item.runId).sort()).toEqual(failing.sort());
  });

  it("takes an experiment by name, and repetitions as one cluster", async () => {
    const { experimentName } = await experiment("named");
    await using loop = loopOver("named");
    const summary = { judged: 2 * EXAMPLES, failures: 2 * WRONG, delivered: 2 * WRONG, unscored: 0 };
    expect(await loop.process(experimentName)).toEqual(summary);
    expect(await loop.process(experimentName)).toMatchObject({ judged: 0, delivered: 0 });
    const [{ id: loopId } = { id: "" }] = (await running.server.store.loopList()).filter(
      ({ name }) => name === "named",
    );
    const verdicts = await running.server.store.verdictList({ loopId, limit: 100 });
    expect(new Set(verdicts.map((verdict) => verdict.cluster)).size).toBe(EXAMPLES);
  });

  it("decides the same from memory and by name", async () => {
    const results = await experiment("both");
    const decided = async (name: string, source: typeof results | string) => {
      await using loop = loopOver(name);
      await loop.process(source);
      const row = (await running.server.store.loopList()).find((known) => known.name === name);
      const verdicts = await running.server.store.verdictList({ loopId: row?.id ?? "", limit: 100 });
      return verdicts
        .map(({ traceId, outcome, key, score, cluster, attribution }) => ({
          traceId,
          outcome,
          key,
          score,
          cluster,
          culprit: attribution?.culprit?.spanId ?? null,
        }))
        .sort((a, b) => a.traceId.localeCompare(b.traceId));
    };
    const fromMemory = await decided("both, memory", results);
    expect(fromMemory).toHaveLength(2 * EXAMPLES);
    expect(await decided("both, named", results.experimentName)).toEqual(fromMemory);
  });

  it("leaves what the threshold does not speak of for later", async () => {
    const results = await experiment("unscored");
    await using loop = loopOver("unscored", { threshold: { other: 0.5 } });
    expect(await loop.process(results)).toEqual({ judged: 0, failures: 0, delivered: 0, unscored: 2 * EXAMPLES });
  });

  it("goes on with the rest when onFailure throws, and takes up what is missing when repeated", async () => {
    const results = await experiment("throwing");
    let throws = true;
    await using loop = loopOver("throwing", {
      onFailure: (run) => {
        if (throws && run.inputs["n"] === 3) throw new Error("not this one");
        return { action: "add_to_annotation_queue", queueName: "throwing review" };
      },
    });
    await expect(loop.process(results)).rejects.toThrow("not this one");
    throws = false;
    expect(await loop.process(results)).toEqual({ judged: 2, failures: 2, delivered: 2, unscored: 0 });
  });

  it("works over HTTP with the official client, into a ledger of its own", async () => {
    const results = await experiment("remote");
    const { store } = running.server;
    for (const [name, source] of Object.entries({ memory: results, named: results.experimentName })) {
      await using loop = loopOver(`remote, ${name}`, { client: running.client, store });
      const summary = { judged: 2 * EXAMPLES, failures: 2 * WRONG, delivered: 2 * WRONG, unscored: 0 };
      expect(await loop.process(source), name).toEqual(summary);
      expect(await loop.process(source), name).toMatchObject({ judged: 0, delivered: 0 });
    }
  });

  it("says which experiment it cannot find", async () => {
    await using loop = loopOver("nowhere");
    await expect(loop.process("no such experiment")).rejects.toMatchObject({ code: "not_found" });
  });
});
