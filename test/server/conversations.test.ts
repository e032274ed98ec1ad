import { randomUUID } from "node:crypto";
import { RunTree } from "langsmith";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect, startServer, type RunningServer } from "./official-client.ts";

const PROJECT = "conversations";
let running: RunningServer;
let projectId: string;
const roots: RunTree[] = [];

beforeAll(async () => {
  running = await startServer();
  const { client } = running;
  for (const [index, thread] of ["one", "two", "one", "one"].entries()) {
    const root = new RunTree({
      name: "turn",
      project_name: PROJECT,
      client,
      inputs: { question: `question ${index}` },
      metadata: { thread_id: thread },
      start_time: Date.now() - 10_000 + index * 1000,
    });
    await root.postRun();
    const call = root.createChild({ name: "model", run_type: "llm", inputs: {} });
    await call.postRun();
    await call.end({ usage_metadata: { input_tokens: 10, output_tokens: index, total_tokens: 10 + index } });
    await call.patchRun();
    await root.end({ answer: index }, index === 3 ? "Error: broke" : undefined);
    await root.patchRun();
    roots.push(root);
  }
  await client.awaitPendingTraceBatches();
  projectId = (await client.readProject({ projectName: PROJECT })).id;
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

it("lists threads, the last active first", async () => {
  const threads = await collect(running.client.threads.query({ project_id: projectId }));
  expect(threads).toMatchObject([
    { thread_id: "one", count: 3, num_errored_turns: 1, last_error: "Error: broke", total_tokens: 35 },
    { thread_id: "two", count: 1, first_inputs: "question 1", last_outputs: '{"answer":1}' },
  ]);
  const paged = await running.client.threads.query({ project_id: projectId, page_size: 1 });
  expect(paged.items).toHaveLength(1);
  expect(await collect(paged)).toHaveLength(2);
});

it("lists a thread's turns in order, over pages", async () => {
  const turns = await collect(running.client.threads.listTraces("one", { project_id: projectId, page_size: 2 }));
  expect(turns.map((turn) => [turn.turn_number, turn.trace_id])).toEqual([
    [1, roots[0]?.id],
    [2, roots[2]?.id],
    [3, roots[3]?.id],
  ]);
});

it("sums a thread and all threads up", async () => {
  const { client } = running;
  expect(await client.threads.stats("one", { session_id: projectId, selects: ["TURNS"] })).toMatchObject({ turns: 3 });
  expect(await client.threads.aggregateStats({ project_id: projectId, select: ["THREAD_COUNT"] })).toMatchObject({
    thread_count: 2,
    trace_count: 4,
    error_rate: 0.25,
  });
});

it("groups runs and gives statistics by v1", async () => {
  const { client } = running;
  const groups = await collect(client.listGroupRuns({ projectName: PROJECT, groupBy: "conversation" }));
  expect(groups.map((group) => [group.thread_id, group.count])).toEqual([
    ["one", 3],
    ["two", 1],
  ]);
  const stats = (await client.getRunStats({ projectNames: [PROJECT], isRoot: true })) as Record<string, unknown>;
  expect(stats).toMatchObject({ run_count: 4, error_rate: 0.25 });
  const all = (await client.getRunStats({ projectNames: [PROJECT], filter: 'eq(run_type, "llm")' })) as object;
  expect(all).toMatchObject({ run_count: 4, total_tokens: 46, prompt_tokens: 40, completion_tokens: 6 });
});

it("shares a trace and takes it back", async () => {
  const { client, listening } = running;
  const root = roots[0] as RunTree;
  const { share_token: token } = await client.runs.share.create(root.id, { session_id: projectId, trace_id: root.id });
  const page = await client.public.runs.query(token ?? "", { selects: ["NAME", "START_TIME"] });
  expect(page.items?.map((run) => run.name)).toEqual(["turn", "model"]);
  const shared = await client.runs.retrieve(root.id, { project_id: projectId, selects: ["SHARE_URL"] });
  expect(shared.share_url).toBe(`${listening.url}/public/${token}/r`);
  expect((await fetch(shared.share_url ?? "")).status).toBe(200);
  expect(await client.listSharedRuns(token ?? "")).toHaveLength(2);
  await client.runs.share.delete(root.id, { session_id: projectId });
  await expect(client.public.runs.query(token ?? "", {})).rejects.toMatchObject({ status: 404 });
});

it("shares one run below a trace with what is below it, by v1", async () => {
  const { client } = running;
  const token = randomUUID();
  const [child] = await collect(client.listRuns({ projectName: PROJECT, traceId: roots[1]?.id ?? "", isRoot: false }));
  await client.shareRun(child?.id ?? "", { shareId: token });
  expect((await client.listSharedRuns(token)).map((run) => run.name)).toEqual(["model"]);
  await client.unshareRun(child?.id ?? "");
  expect(await client.readRunSharedLink(child?.id ?? "")).toBeUndefined();
});

it("shares a thread", async () => {
  const { client } = running;
  const { share_token: token } = await client.threads.share.create("one", { project_id: projectId });
  const page = await client.public.runs.query(token ?? "", { selects: ["NAME"] });
  expect(page.items?.map((run) => run.name).sort()).toEqual(["model", "model", "model", "turn", "turn", "turn"]);
  expect(await client.threads.share.retrieve("one", { project_id: projectId })).toEqual({ share_token: token });
  await client.threads.share.delete("one", { project_id: projectId });
  expect(await client.threads.share.retrieve("one", { project_id: projectId })).toEqual({});
});

it("streams a query as JSON Patch", async () => {
  const { client } = running;
  const items = [];
  for await (const run of client.runs.streaming.queryV2Items({
    project_ids: [projectId],
    page_size: 3,
    selects: ["NAME"],
  })) {
    items.push(run);
  }
  expect(items).toHaveLength(8);
});

it("pages by cursor without missing or repeating a run", async () => {
  const { client } = running;
  const ids = (await collect(client.runs.query({ project_ids: [projectId], page_size: 3 }))).map((run) => run.id);
  expect(new Set(ids).size).toBe(8);
});

it("answers a wrong filter with its field and place", async () => {
  const answer = await running.server.fetch("http://x/api/v2/runs/query", {
    method: "POST",
    body: JSON.stringify({ project_ids: [projectId], tree_filter: "eq(nam, 1)" }),
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: "invalid", field: "tree_filter" });
  const checked = await running.server.fetch("http://x/runs/query/validate", {
    method: "POST",
    body: JSON.stringify({ filter: 'eq(name, "x")', trace_filter: "and(" }),
  });
  expect(await checked.json()).toMatchObject({ valid: false, errors: [{ field: "trace_filter" }] });
});
