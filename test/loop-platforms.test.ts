import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "langsmith";
import type { CreateFeedbackParams } from "langsmith/client";
import { traceable } from "langsmith/traceable";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFeedbackLoop } from "../src/loop.ts";
import { defineLoop } from "../src/loop/define-loop.ts";
import { humanEvaluator } from "../src/evaluator/human.ts";
import { stableId } from "../src/model/id.ts";
import { createServer, listen, type Listening, type Server } from "../src/server/index.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";
import { collect } from "./server/official-client.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-platforms-"));
const PROJECT = "pipeline";

const declaration = defineLoop({
  projectName: PROJECT,
  evaluator: [
    ({ outputs }) => ({ key: "faithfulness", score: outputs?.["answer"] === "wrong" ? 0.2 : 0.9, comment: "checked" }),
    (run) => run.child_runs.map((child) => ({ key: "relevance", score: child.error ? 0 : 1, targetRunId: child.id })),
  ],
  threshold: { faithfulness: 0.7 },
  settleMs: 0,
  onFailure: (run, score) => ({
    action: "add_to_annotation_queue",
    queueName: "review",
    metadata: {
      failureScore: score,
      spanIds: run.child_runs.filter((span) => span.name === "retrieval").map((span) => span.id),
    },
  }),
});

let server: Server;
let listener: Listening;
let store: Store;
let client: Client;

beforeAll(async () => {
  store = await openStore({ dataDir: join(folder, "server") });
  server = createServer({ store });
  listener = await listen(server, { port: 0 });
  client = new Client({ apiUrl: listener.url, apiKey: "any" });
  const settings = { client, project_name: PROJECT, tracingEnabled: true };
  const retrieval = traceable(
    async ({ query }: { query: string }) => {
      if (query === "broken") throw new Error("index is gone");
      return [{ page_content: `about ${query} ✓`, metadata: { score: 0.4 } }];
    },
    { ...settings, name: "retrieval", run_type: "retriever" },
  );
  const ask = traceable(
    async ({ question }: { question: string }) => {
      const documents = await retrieval({ query: question }).catch(() => []);
      return { answer: documents.length === 0 || question === "odd" ? "wrong" : "right" };
    },
    { ...settings, name: "ask", tags: ["t1"], metadata: { thread_id: "conversation-1", tier: "free" } },
  );
  for (const question of ["plain", "broken", "odd", "žlutý kůň"]) await ask({ question });
  await client.awaitPendingTraceBatches();
});

afterAll(async () => {
  await listener.close();
  await store.close();
});

async function verdictsOf(ledger: Store): Promise<unknown[]> {
  const [loop] = await ledger.loopList();
  const verdicts = await ledger.verdictList({ loopId: loop?.id ?? "", limit: 100 });
  return verdicts.map(({ decidedAt: _decidedAt, ...verdict }) => verdict).sort((a, b) => (a.id < b.id ? -1 : 1));
}

describe("one loop file, two platforms", () => {
  it("decides the same over HTTP and in-process", async () => {
    await using remoteLedger = await openStore({ dataDir: join(folder, "remote") });
    await using remote = createFeedbackLoop({ ...declaration, client, store: remoteLedger });
    expect(await remote.runOnce()).toMatchObject({ judged: 4, failures: 2 });
    await using embedded = createFeedbackLoop({ ...declaration, client: server });
    expect(await embedded.runOnce()).toMatchObject({ judged: 4, failures: 2 });
    const overHttp = await verdictsOf(remoteLedger);
    expect(overHttp).toHaveLength(4);
    expect(overHttp).toEqual(await verdictsOf(store));
  });

  it("judges nothing again when it changes over from one to the other on one store", async () => {
    for (const ways of [
      [client, server],
      [server, client],
    ]) {
      await using ledger = await openStore({ dataDir: join(folder, `shared-${ways[0] === client}`) });
      // Their traces and the ledger in one database, as with workers on PostgreSQL.
      const counts: number[] = [];
      for (const way of ways) {
        await using loop = createFeedbackLoop({ ...declaration, client: way, store: ledger });
        counts.push((await loop.runOnce()).judged);
      }
      expect(counts).toEqual([4, 0]);
    }
  });

  it("fills the queue once, with the failure's context on the item", async () => {
    const queue = await store.queueEnsure({ name: "review" });
    const items = await store.queueItemList({ queueId: queue.id, limit: 10, offset: 0 });
    expect(items).toHaveLength(2);
    for (const item of items) {
      expect(item.metadata).toMatchObject({ key: "faithfulness", failureScore: 0.2, trace_id: item.runId });
      expect(item.metadata["spanIds"]).toHaveLength(1);
    }
  });

  it("puts scores on the spans they are about", async () => {
    for await (const run of client.listRuns({ projectName: PROJECT, filter: 'eq(name, "retrieval")' })) {
      expect(Object.keys(run.feedback_stats ?? {})).toEqual(["relevance"]);
    }
  });

  it("tells LangSmith which run of which trace, project and time each score is about", async () => {
    const sent: Record<string, unknown>[] = [];
    const recording = new Client({
      apiUrl: listener.url,
      apiKey: "any",
      async fetchImplementation(input, init) {
        const request = new Request(input, init);
        if (request.method === "POST" && new URL(request.url).pathname === "/feedback")
          sent.push((await request.clone().json()) as Record<string, unknown>);
        return fetch(request);
      },
    });
    await using ledger = await openStore({ dataDir: join(folder, "recorded") });
    await using loop = createFeedbackLoop({ ...declaration, name: "recorded", client: recording, store: ledger });
    await loop.runOnce();
    const { id: sessionId } = await client.readProject({ projectName: PROJECT });
    const children = await collect(client.listRuns({ projectName: PROJECT, filter: 'eq(name, "retrieval")' }));
    expect(children).toHaveLength(4);
    for (const child of children) {
      const about = sent.filter(({ run_id: runId }) => runId === child.id);
      expect(about).toMatchObject([
        { key: "relevance", score: child.error ? 0 : 1, trace_id: child.trace_id, session_id: sessionId },
      ]);
      expect(Date.parse(String(about[0]?.["start_time"]))).toBe(Date.parse(String(child.start_time)));
      expect(child.trace_id).not.toBe(child.id);
    }
  });

  it("judges a trace again when people score it later, as LangSmith tells it, and not for what it saw", async () => {
    await using ledger = await openStore({ dataDir: join(folder, "late-scores") });
    const late = {
      projectName: PROJECT,
      name: "late",
      evaluator: humanEvaluator({ key: "thumbs" }),
      threshold: 0.5,
      settleMs: 0,
      client,
      store: ledger,
    };
    await using loop = createFeedbackLoop(late);
    const roots = await collect(client.listRuns({ projectName: PROJECT, isRoot: true }));
    const [first, second, third] = roots.map(({ id, trace_id: traceId, session_id: sessionId, start_time }) => ({
      runId: id,
      traceId,
      sessionId,
      startTime: String(start_time),
    }));
    const give = async (run: typeof first, score: number, feedbackSourceType: "api" | "model" = "api") => {
      const feedbackId = stableId("thumbs", run?.runId ?? "");
      const given = { runId: "", ...run, feedbackId, key: "thumbs", score, feedbackSourceType };
      await client.createFeedback(given as CreateFeedbackParams);
      await client.awaitPendingTraceBatches();
    };
    await give(first, 1);
    expect(await loop.runOnce()).toMatchObject({ judged: 4, failures: 0 });
    await give(second, 0);
    await give(third, 0, "model");
    expect(await loop.runOnce()).toMatchObject({ judged: 1, failures: 1 });
    expect(await loop.runOnce()).toMatchObject({ judged: 0 });
    await give(first, 0);
    expect(await loop.runOnce()).toMatchObject({ judged: 1 });
    expect(await loop.runOnce()).toMatchObject({ judged: 0 });
    await give(second, 1);
    const again = new Promise((resolve) => loop.on("trace:judged", ({ verdict }) => resolve(verdict)));
    await loop.start();
    expect(await again).toMatchObject({ traceId: second?.traceId, revision: 3, outcome: "pass" });
    const [{ id: loopId } = { id: "" }] = await ledger.loopList();
    const row = await ledger.ledgerGet({ loopId, traceId: second?.traceId ?? "" });
    expect(row).toMatchObject({ state: "decided", revision: 3 });
  });

  it("says what to do when the server cannot be reached", async () => {
    const nowhere = new Client({
      apiUrl: "http://127.0.0.1:9",
      apiKey: "x",
      timeout_ms: 500,
      callerOptions: { maxRetries: 0 },
    });
    await using ledger = await openStore({ dataDir: join(folder, "nowhere") });
    await using loop = createFeedbackLoop({ ...declaration, client: nowhere, store: ledger });
    await expect(loop.start()).rejects.toMatchObject({
      code: "unavailable",
      hint: expect.stringContaining("LANGSMITH_ENDPOINT") as string,
    });
  });

  it("lists the projects there are when the name is wrong", async () => {
    await using ledger = await openStore({ dataDir: join(folder, "wrong") });
    await using loop = createFeedbackLoop({ ...declaration, projectName: "pipelin", client, store: ledger });
    await expect(loop.start()).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringContaining(PROJECT) as string,
    });
  });

  it("never sends a webhook into a private network unless it may", async () => {
    const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
    for (const url of ["http://127.0.0.1:9/x", "http://169.254.169.254/latest/meta-data"]) {
      await using ledger = await openStore({ dataDir: join(folder, encodeURIComponent(url)) });
      await using loop = createFeedbackLoop({
        ...declaration,
        client,
        store: ledger,
        onFailure: () => ({ action: "webhook", url, secret }),
      });
      await loop.runOnce();
      const dead = await loop.deliveries({ states: ["dead"] });
      expect(dead).toHaveLength(2);
      expect(dead[0]?.lastError).toMatch(/allowPrivateNetworks/);
      // Nothing is lost: it can be replayed once it is allowed. And the secret never shows.
      expect(JSON.stringify(dead)).not.toContain(secret);
    }
  });
});
