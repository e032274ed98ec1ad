import type { Client } from "langsmith";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hashShare } from "../../src/internal/hash-share.ts";
import {
  APPROVAL_KEY,
  createFeedbackLoop,
  defineRemedy,
  promotePrompt,
  type FeedbackLoop,
  type FeedbackLoopOptions,
} from "../../src/index.ts";
import { decideStored } from "../../src/loop/remedy/loop-remedies.ts";
import { loopIdOf, stableId } from "../../src/model/id.ts";
import { dottedOrder } from "../../src/wire/dotted-order.ts";
import { collect, startServer, type RunningServer } from "../server/official-client.ts";

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

interface Config {
  topK: number;
}

const TRACES = 240;

/** Long questions need more than is retrieved. */
function answer(question: string, { topK }: Config): { answer: string } {
  const luck = hashShare("luck", question);
  const right = question.startsWith("long_") && topK < 8 ? luck < 0.15 : luck < 0.97;
  return { answer: right ? "right" : "wrong" };
}

function aRun(id: string, projectName: string, startAt: number, rest: object): object {
  return {
    id,
    trace_id: id,
    dotted_order: dottedOrder(startAt, id),
    session_name: projectName,
    name: "rag",
    run_type: "chain",
    start_time: new Date(startAt).toISOString(),
    end_time: new Date(startAt + 5).toISOString(),
    ...rest,
  };
}

/** Production: the same application with topK 2. */
async function trace(client: Client, projectName: string): Promise<void> {
  const startAt = Date.now() - 60_000;
  const runs = Array.from({ length: TRACES }, (_, index) => {
    const id = stableId(projectName, index);
    const kind = index % 3 === 0 ? "long_" : "short";
    const question = `${kind} question ${index}`;
    return aRun(id, projectName, startAt + index, {
      inputs: { question },
      outputs: answer(question, { topK: 2 }),
      extra: { metadata: { kind } },
    });
  });
  await client.batchIngestRuns({ runCreates: runs as never });
}

const manifest = ({ topK }: Config) => ({
  lc: 1,
  type: "constructor",
  id: ["langchain_core", "prompts", "prompt", "PromptTemplate"],
  kwargs: { template: `{question} from ${topK}`, input_variables: ["question"], template_format: "f-string" },
});

interface World {
  loop: FeedbackLoop;
  calls: { target: number };
}

function open(name: string, client: FeedbackLoopOptions["client"], rest: object = {}): World {
  const calls = { target: 0 };
  const loop = createFeedbackLoop({
    client,
    store: running.server.store,
    projectName: name,
    settleMs: 0,
    evaluator: ({ outputs }: { outputs?: Record<string, unknown> }) => ({
      key: "right",
      score: outputs?.["answer"] === "right" ? 1 : 0,
    }),
    threshold: 0.5,
    remedy: defineRemedy<Config>({
      name: "wider retrieval",
      on: "metadata.kind",
      when: ["candidate", "confirmed"],
      baseline: { topK: 2 },
      candidates: [{ grid: { topK: [3, 8] } }],
      trial: {
        maxCostUsd: 0.01,
        target: async ({ config, inputs }) => {
          calls.target += 1;
          return { outputs: answer(inputs["question"] as string, config), costUsd: 0.001 };
        },
      },
      dataset: { controlsPerExample: 2 },
      gate: { slices: { margin: 0.2 } },
      minExamples: 15,
      budgetUsd: 20,
      promote: promotePrompt<Config>({ prompt: stableId(name), content: manifest }),
      ...rest,
    }),
  });
  return { loop, calls };
}

/** What a remedy leaves behind, as anybody with the official client sees it. */
async function seenByClient(name: string) {
  const { client } = running;
  const dataset = await client.readDataset({ datasetName: name });
  const examples = await collect(client.listExamples({ datasetId: dataset.id }));
  const experiments = await collect(client.listProjects({ referenceDatasetId: dataset.id, includeStats: true }));
  return { examples, experiments };
}

describe.each([
  ["in-process", () => running.server],
  ["by the official client over HTTP", () => running.client],
] as [string, () => FeedbackLoopOptions["client"]][])("a remedy declared beside a loop, %s", (where, clientOf) => {
  it(
    "goes from production's pattern to a prompt in use, with a reviewer's word in between",
    { timeout: 180_000 },
    async () => {
      const name = `declared ${where}`;
      const { client } = running;
      await trace(client, name);
      const { loop, calls } = open(name, clientOf());
      await using _closing = loop;
      await loop.runOnce();
      const failing = stableId(name, 0);
      const correction = { answer: "right" };
      await client.createFeedback(failing, "note", { score: 0, correction, feedbackSourceType: "app" });

      const told: string[] = [];
      loop.on("remedy:changed", ({ event }) => told.push(event.stage));
      const [waiting] = await loop.remedies.run();
      expect(waiting).toMatchObject({ stage: "awaiting_approval", winner: "topK=8" });
      expect(told).toEqual(["collecting", "proposing", "testing", "awaiting_approval"]);
      const paid = calls.target;
      expect(await loop.remedies.run(), "nothing is paid while it waits").toEqual([waiting]);
      expect(calls.target).toBe(paid);

      const { examples, experiments } = await seenByClient(waiting?.name ?? "");
      expect(examples.find((example) => example.source_run_id === failing)?.outputs).toEqual(correction);
      expect(new Set(examples.map((example) => example.metadata?.["dataset_split"]?.[0]))).toEqual(
        new Set(["visible", "held_out"]),
      );
      const byName = new Map(experiments.map((experiment) => [experiment.name, experiment]));
      const winner = byName.get(`${waiting?.name} testing: topK=8`);
      expect(winner?.feedback_stats).toMatchObject({ right: { avg: expect.closeTo(0.97, 1) } });
      expect(winner?.extra?.["metadata"]?.["loopsmith_gate"]).toMatchObject({ verdict: "PASS" });
      expect(byName.has(`${waiting?.name} testing: baseline`)).toBe(true);

      const prompt = `${stableId(name)}:production`;
      await expect(client.pullPromptCommit(prompt, { skipCache: true })).rejects.toThrow();
      const [queue] = await collect(client.listAnnotationQueues({ name: "remedy approvals" }));
      const asked = await running.server.store.queueItemList({ queueId: queue?.id ?? "", limit: 10, offset: 0 });
      const item = asked.find(({ metadata }) => metadata["remedy_id"] === waiting?.id);
      expect(item?.metadata).toMatchObject({ candidate: "topK=8", approve_with: APPROVAL_KEY });
      expect(item?.metadata["summary"]).toEqual(expect.stringContaining("**PASS**"));
      await client.createFeedback(item?.runId ?? "", APPROVAL_KEY, {
        score: 1,
        comment: "reads well",
        feedbackSourceType: "app",
        sourceInfo: { user_name: "ana" },
      });
      const [used] = await loop.remedies.run();
      expect(used).toMatchObject({ stage: "watching", approval: { who: "ana", why: "reads well" } });
      expect(calls.target).toBe(paid);
      const pulled = await client.pullPromptCommit(prompt, { skipCache: true });
      expect(pulled.manifest).toEqual(manifest({ topK: 8 }));
      expect(used?.history.every(({ who, what, why }) => who !== "" && what !== "" && why !== "")).toBe(true);
      const [issue] = await loop.issues({ all: true });
      const linked = issue?.links.filter(({ kind }) => kind === "experiment").map(({ id }) => id);
      const tried = used?.candidates.flatMap(({ experimentName = [] }) => experimentName) ?? [];
      expect(tried.length).toBeGreaterThan(0);
      expect(linked).toEqual([...tried, used?.id]);
      expect(issue?.history.at(-1)?.why).toContain("in use as");
    },
  );
});

describe("a remedy declared beside a loop", () => {
  const start = async (name: string, rest: object = {}): Promise<World> => {
    await trace(running.client, name);
    const world = open(name, running.server, rest);
    await world.loop.runOnce();
    return world;
  };

  it("shows its plan and cost, and writes and pays nothing for it", async () => {
    const { loop, calls } = await start("planned");
    await using _closing = loop;
    const [plan] = await loop.remedies.plan();
    expect(plan?.steps.map(({ step }) => step)).toEqual(["dataset", "candidates", "testing", "approval", "promotion"]);
    expect(plan?.maxUsd).toBeGreaterThan(0);
    expect([await loop.remedies.list(), calls.target]).toEqual([[], 0]);
  });

  it("waits to be started, and shows what that would cost", async () => {
    const { loop, calls } = await start("asked first", { start: "approval" });
    await using _closing = loop;
    const [waiting] = await loop.remedies.run();
    expect(waiting).toMatchObject({ stage: "awaiting_start" });
    expect(waiting?.history.at(-1)?.why).toMatch(/At most \$\d/);
    expect((await loop.remedies.run())[0]).toEqual(waiting);
    expect(calls.target).toBe(0);
    const api = `${running.listening.url}/api/loopsmith/remedies`;
    const post = async (action: object): Promise<number> =>
      (
        await fetch(`${api}/${waiting?.id.slice(0, 8)}`, {
          method: "POST",
          body: JSON.stringify({ who: "ana", action }),
        })
      ).status;
    expect(await post({ do: "promote", why: "too early" })).toBe(409);
    expect(await post({ do: "approve" })).toBe(400);
    expect(await post({ do: "approve", why: "go" })).toBe(200);
    const shown = (await (await fetch(`${api}/${waiting?.id}`)).json()) as { remedy: { history: object[] } };
    expect(shown.remedy.history.at(-1)).toMatchObject({ who: "ana", what: "Let it start.", why: "go" });
    expect(await (await fetch(api)).json()).toMatchObject({
      remedies: expect.arrayContaining([expect.objectContaining({ id: waiting?.id })]),
    });
    expect((await fetch(`${api}/nobody`)).status).toBe(404);
    expect((await loop.remedies.run())[0]).toMatchObject({ stage: "awaiting_approval" });
  });

  it("runs by itself in a started loop, and carries out what was decided elsewhere", { timeout: 120_000 }, async () => {
    const { loop } = await start("by itself");
    await using _closing = loop;
    const reached = (stage: string): Promise<void> =>
      new Promise((resolve) => {
        const off = loop.on("remedy:changed", ({ event }) => {
          if (event.stage !== stage) return;
          off();
          resolve();
        });
      });
    const asked = reached("awaiting_approval");
    await loop.start();
    await asked;
    const [waiting] = await loop.remedies.list();
    const used = reached("watching");
    await decideStored(running.server.store, waiting?.id ?? "", "approve", { who: "cli", why: "from elsewhere" });
    await used;
    await loop.stop();
    expect(await loop.remedies.get(waiting?.name ?? "")).toMatchObject({ stage: "watching", approval: { who: "cli" } });
  });

  it("is worked on by one of two workers, and taken up by another when that one is gone", async () => {
    const { loop, calls } = await start("two workers");
    const other = open("two workers", running.server);
    await using _closing = loop;
    await using _closingToo = other.loop;
    const both = await Promise.all([loop.remedies.run(), other.loop.remedies.run()]);
    expect(both.flat().map(({ stage }) => stage)).toEqual(["awaiting_approval"]);
    expect([calls.target, other.calls.target].filter((count) => count > 0)).toHaveLength(1);
    expect((await other.loop.remedies.run())[0]).toMatchObject({ stage: "awaiting_approval" });
  });

  it("follows what the pattern's life says, and takes the fix back when it is told to", async () => {
    const { store } = running.server;
    const { loop } = await start("followed", { approval: "automatic", rollBackOnRegression: true });
    await using _closing = loop;
    const [used] = await loop.remedies.run();
    expect(used).toMatchObject({ stage: "watching" });
    const becomes = async (state: "resolved" | "regressed"): Promise<void> => {
      const loopId = loopIdOf({ name: "followed", projectName: "followed" });
      const [issue] = await store.issueList({ loopId });
      if (!issue) throw new Error("no issue");
      const at = store.now();
      const line = { at, from: issue.state, to: state, why: `told to be ${state}`, who: "loopsmith" };
      const after = { ...issue, state, decidedAt: at, history: [...issue.history, line] };
      expect(await store.issueReplace({ loopId, changes: [{ before: issue, after }] })).toBe(true);
    };
    await becomes("resolved");
    expect((await loop.remedies.run())[0]).toMatchObject({ stage: "resolved" });
    await becomes("regressed");
    const [back] = await loop.remedies.run();
    expect(back).toMatchObject({ stage: "rolled_back" });
    expect(back?.history.map(({ why }) => why)).toContain("told to be regressed");
    expect(await loop.remedies.run(), "an issue is taken up once by a declaration").toEqual([]);
  });

  it("counts its own verdicts on a canary's traffic, by the metadata the application sets", async () => {
    const canary = { stages: [{ share: 0.5, traces: 0 }], minTraces: 10 };
    const { loop } = await start("live", { approval: "automatic", canary });
    await using _closing = loop;
    const [served] = await loop.remedies.run();
    expect(served).toMatchObject({ stage: "canary", canary: { share: 0.5 } });
    const runs = [];
    for (let index = 0; index < 120; index += 1) {
      const id = stableId("live traffic", index);
      const question = `long_ live ${index}`;
      const { config, metadata } = await loop.remedies.assign("wider retrieval", `user-${index}`);
      const outputs = answer(question, config as Config);
      const extra = { metadata: { ...metadata, kind: "long_" } };
      runs.push(aRun(id, "live", Date.now(), { inputs: { question }, outputs, extra }));
    }
    await running.client.batchIngestRuns({ runCreates: runs as never });
    await loop.runOnce();
    const state = await vi.waitFor(
      async () => {
        const [now] = await loop.remedies.run();
        expect(now?.stage).toBe("watching");
        return now;
      },
      { timeout: 60_000, interval: 300 },
    );
    expect(state?.canary).toMatchObject({ status: "promoted" });
    expect(state?.canary?.failures.baseline).toBeGreaterThan(state?.canary?.failures.candidate ?? 0);
    expect((await loop.remedies.assign("wider retrieval", "later")).metadata).toEqual({});
  });

  it("refuses what could never run", () => {
    const bad = (remedy: object) => () => open("refused", running.server, remedy);
    expect(bad({ candidates: [] })).toThrow(expect.objectContaining({ code: "invalid" }));
    expect(bad({ trial: {} })).toThrow("trial.target");
    expect(bad({ when: ["broken"] })).toThrow("broken");
  });
});
