import { randomUUID } from "node:crypto";
import type { Client } from "langsmith";
import { RunTree } from "langsmith";
import { traceable } from "langsmith/traceable";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect, startServer, type RunningServer } from "./official-client.ts";

const QUESTION = 'Proč 🚀 «je» obloha modrá?\n\t"quoted" \\ \u2028';
const INPUTS = { question: QUESTION, nested: { list: [1, 2.5, null, true, "x"], deep: { deeper: {} } } };
const OUTPUTS = { answer: "kvůli Rayleighovu rozptylu", tokens: 9_007_199_254_740_991 };
const PICTURE = "screens/first & last";
const PNG = Uint8Array.from({ length: 2048 }, (_, index) => index % 256);

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** A root with a retriever child and a failing tool, with an attachment and feedback, by RunTree. */
async function sendTrace(client: Client, project_name: string): Promise<RunTree> {
  const root = new RunTree({
    name: "rag",
    run_type: "chain",
    inputs: INPUTS,
    project_name,
    client,
    tags: ["production", "čeština"],
    metadata: { tier: "free", thread_id: "thread-1" },
    attachments: { [PICTURE]: { mimeType: "image/png", data: PNG } },
  });
  await root.postRun();
  const child = root.createChild({ name: "retrieval", run_type: "retriever", inputs: { query: QUESTION } });
  await child.postRun();
  await child.end({ documents: [{ page_content: "✓", metadata: { score: 0.4 } }] });
  await child.patchRun();
  const tool = root.createChild({ name: "tool", run_type: "tool", inputs: { path: "/tmp" } });
  await tool.postRun();
  await tool.end(undefined, "Error: disk\n    at read (file.js:1:1)");
  await tool.patchRun();
  await root.end(OUTPUTS);
  await root.patchRun();
  await client.awaitPendingTraceBatches();
  const { id: sessionId } = await client.readProject({ projectName: project_name });
  await client.createFeedback({
    runId: root.id,
    traceId: root.trace_id,
    sessionId,
    key: "faithfulness",
    score: 0.25,
    comment: "málo",
  });
  await client.awaitPendingTraceBatches();
  return root;
}

describe.each(["client", "inProcess"] as const)("a trace sent by the official %s", (how) => {
  let client: Client;
  let root: RunTree;
  let projectId: string;
  const project = `round-trip-${how}`;

  beforeAll(async () => {
    client = running[how];
    root = await sendTrace(client, project);
    projectId = (await client.readProject({ projectName: project })).id;
  });

  it("is found by listRuns", async () => {
    const runs = await collect(client.listRuns({ projectName: project }));
    expect(runs.map((run) => run.name).sort()).toEqual(["rag", "retrieval", "tool"]);
    const found = runs.find((run) => run.id === root.id);
    expect(found).toMatchObject({
      inputs: INPUTS,
      outputs: OUTPUTS,
      run_type: "chain",
      status: "success",
      tags: ["production", "čeština"],
      trace_id: root.id,
      dotted_order: root.dotted_order,
      session_id: projectId,
      parent_run_id: null,
      feedback_stats: { faithfulness: { n: 1, avg: 0.25 } },
    });
    expect(found?.extra?.["metadata"]).toMatchObject({ tier: "free", thread_id: "thread-1" });
    const tool = runs.find((run) => run.name === "tool");
    expect(tool).toMatchObject({ status: "error", error: "Error: disk\n    at read (file.js:1:1)" });
    expect(tool?.parent_run_id).toBe(root.id);
  });

  it("is found by readRun, with its children", async () => {
    const run = await client.readRun(root.id, { loadChildRuns: true });
    expect(run.inputs).toEqual(INPUTS);
    expect(run.outputs).toEqual(OUTPUTS);
    expect(run.child_runs?.map((child) => child.name)).toEqual(["retrieval", "tool"]);
    expect(String(run.start_time).replace(/[-:.Z]/g, "")).toBe(root.dotted_order.split("Z")[0]);
  });

  it("is found by runs.query and runs.retrieve", async () => {
    const selects = ["NAME", "RUN_TYPE", "STATUS", "INPUTS", "OUTPUTS", "ERROR", "TAGS", "METADATA"] as const;
    const runs = await collect(
      client.runs.query({ project_ids: [projectId], selects: [...selects, "PARENT_RUN_IDS"] }),
    );
    expect(runs).toHaveLength(3);
    const found = runs.find((run) => run.id === root.id);
    expect(found).toMatchObject({ inputs: INPUTS, outputs: OUTPUTS, run_type: "CHAIN", status: "SUCCESS" });
    expect(found?.metadata).toMatchObject({ tier: "free" });
    const tool = runs.find((run) => run.name === "tool");
    expect(tool).toMatchObject({ status: "ERROR", run_type: "TOOL", parent_run_ids: [root.id] });
    expect(tool?.error).toContain("disk");
    const one = await client.runs.retrieve(root.id, { project_id: projectId, selects: ["INPUTS", "OUTPUTS"] });
    expect(one).toEqual({ id: root.id, inputs: INPUTS, outputs: OUTPUTS });
  });

  it("is found by traces.query and traces.listRuns", async () => {
    const [trace, ...others] = await collect(
      client.traces.query({ project_id: projectId, selects: ["NAME", "INPUTS", "FEEDBACK_STATS"] }),
    );
    expect(others).toEqual([]);
    expect(trace?.root_run).toMatchObject({ id: root.id, name: "rag", inputs: INPUTS });
    expect(trace?.root_run?.feedback_stats?.["faithfulness"]).toMatchObject({ n: 1, avg: 0.25 });
    const { items } = await client.traces.listRuns(root.id, { project_id: projectId, selects: ["NAME", "OUTPUTS"] });
    expect(items?.map((run) => run.name)).toEqual(["rag", "retrieval", "tool"]);
    expect(items?.[0]?.outputs).toEqual(OUTPUTS);
  });

  it("keeps its attachment byte for byte", async () => {
    const run = await client.runs.retrieve(root.id, { project_id: projectId, selects: ["ATTACHMENTS"] });
    const url = run.attachments?.[PICTURE] ?? "";
    const response = await running.server.fetch(url);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(PNG);
    const forged = await running.server.fetch(url.replace(/signature=.*/, "signature=AAAA"));
    expect(forged.status).toBe(403);
  });

  it("keeps the attachment of a run without a place in a trace, which goes as one JSON", async () => {
    const id = randomUUID();
    const sent = { id, name: "alone", run_type: "tool", inputs: {}, project_name: "alone" };
    await client.createRun({ ...sent, attachments: { [PICTURE]: { mimeType: "image/png", data: PNG } } });
    await client.awaitPendingTraceBatches();
    const project = await client.readProject({ projectName: "alone" });
    const run = await client.runs.retrieve(id, { project_id: project.id, selects: ["ATTACHMENTS"] });
    const response = await running.server.fetch(run.attachments?.[PICTURE] ?? "");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(PNG);
  });

  it("carries its feedback", async () => {
    const [feedback] = await collect(client.listFeedback({ runIds: [root.id] }));
    expect(feedback).toMatchObject({ key: "faithfulness", score: 0.25, comment: "málo", run_id: root.id });
  });
});

describe("traceable", () => {
  it("nests, records what is thrown, and streams", async () => {
    const { client } = running;
    const settings = { client, project_name: "traceable", tracingEnabled: true };
    const failing = traceable(async () => Promise.reject(new Error("ne")), { ...settings, name: "failing" });
    const counting = traceable(
      async function* () {
        yield "a";
        yield "ž";
      },
      { ...settings, name: "counting" },
    );
    const outer = traceable(
      async (x: number) => {
        await failing().catch(() => {});
        return { x, letters: await collect(counting()) };
      },
      { ...settings, name: "outer" },
    );
    await outer(3);
    await client.awaitPendingTraceBatches();
    const runs = await collect(client.listRuns({ projectName: "traceable" }));
    const byName = new Map(runs.map((run) => [run.name, run]));
    expect(byName.get("outer")?.outputs).toEqual({ x: 3, letters: ["a", "ž"] });
    expect(byName.get("failing")?.error).toContain("ne");
    expect(byName.get("counting")?.outputs).toEqual({ outputs: ["a", "ž"] });
    expect(new Set(runs.map((run) => run.trace_id)).size).toBe(1);
  });
});
