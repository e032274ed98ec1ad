import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EvaluatorInput } from "../src/evaluator/index.ts";
import { defineConversationEvaluator, defineEvaluator } from "../src/evaluator/index.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import { LINEAGE_KEY, openLineage } from "../src/loop/judge/lineage.ts";
import { loopIdOf, newId } from "../src/model/id.ts";
import { createServer, listen, type Listening, type Server } from "../src/server/index.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";

const PROJECT = "bot";
const folder = mkdtempSync(join(tmpdir(), "loopsmith-lineage-"));
let server: Server;
let listener: Listening;
let store: Store;
let client: Client;

beforeAll(async () => {
  store = await openStore({ dataDir: join(folder, "server") });
  server = createServer({ store });
  listener = await listen(server, { port: 0 });
  client = new Client({ apiUrl: listener.url, apiKey: "any", autoBatchTracing: false });
  await send({});
});

afterAll(async () => {
  await listener.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function send(metadata: Record<string, unknown>): Promise<string> {
  const id = newId();
  await client.createRun({
    id,
    trace_id: id,
    dotted_order: `${new Date().toISOString().replace(/[-:.]/g, "").replace("Z", "000Z")}${id}`,
    name: "ask",
    run_type: "chain",
    project_name: PROJECT,
    start_time: Date.now(),
    end_time: Date.now(),
    inputs: {},
    outputs: { answer: "yes" },
    extra: { metadata },
  });
  return id;
}

/** A judge that traces itself into the very project it judges, by the route given. */
function loopOver(
  over: Partial<Parameters<typeof createFeedbackLoop>[0]>,
  traces: (input: EvaluatorInput) => Promise<void>,
) {
  const judged: string[] = [];
  const evaluator = defineEvaluator({
    name: "judge",
    evaluate: async (_run, input) => {
      judged.push(input.trace.id);
      await traces(input);
      return 1;
    },
  });
  const declared = { client: server, projectName: PROJECT, evaluator, threshold: 0.5, settleMs: 0, ...over };
  return { loop: createFeedbackLoop(declared), judged };
}

/** Until a round finds nothing new, ten rounds at most: a loop that judges its own judge never comes to an end. */
async function rounds(loop: FeedbackLoop): Promise<number> {
  for (let round = 1; round <= 10; round += 1) {
    const { judged } = await loop.runOnce();
    if (judged === 0) return round;
  }
  return Infinity;
}

async function tracesIn(name: string): Promise<number> {
  const project = await store.projectGet({ name });
  return project ? (await store.traceHeads({ projectId: project.id, changedFrom: 0, limit: 1_000 })).length : 0;
}

async function sendOtlp(lineage: string): Promise<void> {
  const nano = `${Date.now()}000000`;
  const attributes = [
    { key: `langsmith.metadata.${LINEAGE_KEY}`, value: { stringValue: lineage } },
    { key: "langsmith.trace.session_name", value: { stringValue: PROJECT } },
  ];
  const [traceId, spanId] = [newId().replaceAll("-", ""), newId().replaceAll("-", "").slice(0, 16)];
  const span = { traceId, spanId, name: "judge call", startTimeUnixNano: nano, endTimeUnixNano: nano, attributes };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: {}, spans: [span] }] }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${listener.url}/otel/v1/traces`, { method: "POST", headers, body });
  expect(response.status).toBeLessThan(300);
}

const ROUTES: Record<string, (input: Pick<EvaluatorInput, "lineage">) => Promise<void>> = {
  // First: the SDK and the loop look at the environment when they are first used.
  "LangSmith's SDK": async () => {
    // As an application has it that traces everything: the environment says so, and nobody passes a mark.
    const settings = { client, project_name: PROJECT, name: "judge call" };
    await traceable(async () => "yes", settings)();
  },
  "direct ingest": async ({ lineage }) => void (await send({ [LINEAGE_KEY]: lineage })),
  OTLP: ({ lineage }) => sendOtlp(lineage ?? ""),
};

describe("a loop whose evaluators trace into the project they judge", () => {
  it.each(Object.entries(ROUTES))("does not judge them: %s", async (route, trace) => {
    const isSdk = route.startsWith("LangSmith");
    if (isSdk) Object.assign(process.env, { LANGSMITH_TRACING: "true", LANGSMITH_ENDPOINT: listener.url });
    try {
      const id = await send({});
      const { loop, judged } = loopOver({ name: `direct ${route}` }, trace);
      await using _loop = loop;
      expect(await rounds(loop)).toBeLessThanOrEqual(3);
      expect(judged).toContain(id);
      expect(new Set(judged).size).toBe(judged.length);
    } finally {
      if (isSdk) for (const name of ["LANGSMITH_TRACING", "LANGSMITH_ENDPOINT"]) delete process.env[name];
    }
  });

  it("knows what LangSmith's SDK traced for them, in the project it keeps for evaluators", async () => {
    await expect.poll(() => store.projectGet({ name: "evaluators" }), { timeout: 20_000 }).not.toBeNull();
    const { loop, judged } = loopOver({ name: "watches evaluators", projectName: "evaluators" }, () =>
      Promise.resolve(),
    );
    await using _loop = loop;
    await loop.runOnce();
    expect(judged).toEqual([]);
    expect((await loop.status()).traces.skipped).toBeGreaterThan(0);
  });

  it.each(Object.entries(ROUTES))("does not judge what is traced over a conversation: %s", async (route, trace) => {
    const isSdk = route.startsWith("LangSmith");
    if (isSdk) Object.assign(process.env, { LANGSMITH_TRACING: "true", LANGSMITH_ENDPOINT: listener.url });
    try {
      const thread = `talk ${route}`;
      const id = await send({ session_id: thread });
      const asked: string[] = [];
      const judged: string[] = [];
      const evaluator = [
        defineEvaluator({ name: "judge", evaluate: (_run, input) => judged.push(input.trace.id) }),
        defineConversationEvaluator({
          name: "talk",
          idleMs: 1,
          evaluate: async (input) => {
            asked.push(input.threadId);
            await trace(input);
            return 1;
          },
        }),
      ];
      const { loop } = loopOver({ name: thread, evaluator, scoreRange: [0, 1_000] }, () => Promise.resolve());
      await using _loop = loop;
      const before = await tracesIn(isSdk ? "evaluators" : PROJECT);
      await loop.runOnce();
      expect(judged).toContain(id);
      expect(asked).toContain(thread);
      const known = judged.length;
      await expect.poll(() => tracesIn(isSdk ? "evaluators" : PROJECT), { timeout: 20_000 }).toBeGreaterThan(before);
      await loop.runOnce();
      expect(judged).toHaveLength(known);
    } finally {
      if (isSdk) for (const name of ["LANGSMITH_TRACING", "LANGSMITH_ENDPOINT"]) delete process.env[name];
    }
  });

  it("does not judge them when it tails them over HTTP, and says why", async () => {
    let own = "";
    const dataDir = join(folder, "tailing");
    const { loop } = loopOver({ client, dataDir, name: "tailed" }, async ({ lineage }) => {
      own = await send({ [LINEAGE_KEY]: lineage });
    });
    await using _loop = loop;
    expect(await rounds(loop)).toBeLessThanOrEqual(3);
    await using ledger = await openStore({ dataDir });
    const row = await ledger.ledgerGet({ loopId: loopIdOf({ name: "tailed", projectName: PROJECT }), traceId: own });
    expect(row).toMatchObject({ state: "skipped", reason: expect.stringContaining("our own evaluators") as string });
  });

  it("judges what only looks like them", async () => {
    const { sign } = await openLineage(store, null);
    const stranger = await openLineage(store, "another key");
    const old = await openLineage(
      { ...store, now: () => Date.now() - 2 * 60 * 60_000, secretGet: store.secretGet },
      null,
    );
    const forged = [
      "v1.anything",
      "",
      stranger.sign("t"),
      `${sign("t").slice(0, -4)}AAAA`,
      sign("t").replace(".t.", ".u."),
      old.sign("t"),
    ];
    const ids = await Promise.all(forged.map((mark) => send({ [LINEAGE_KEY]: mark })));
    const { loop, judged } = loopOver({ name: "forged" }, () => Promise.resolve());
    await using _loop = loop;
    await loop.runOnce();
    for (const id of ids) expect(judged).toContain(id);
  });

  it("would never come to an end without the mark", async () => {
    const { loop } = loopOver({ name: "unmarked" }, async () => void (await send({})));
    await using _loop = loop;
    expect(await rounds(loop)).toBe(Infinity);
  });
});
