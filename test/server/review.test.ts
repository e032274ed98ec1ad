import { RunTree } from "langsmith";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect, startServer, type RunningServer } from "./official-client.ts";

let running: RunningServer;
let projectId: string;
let runs: RunTree[];

beforeAll(async () => {
  running = await startServer();
  const { client } = running;
  runs = Array.from({ length: 3 }, (_, index) => {
    const inputs = { question: index === 1 ? "=cmd()" : `q${index}` };
    return new RunTree({ name: `run ${index}`, project_name: "review", client, inputs });
  });
  for (const run of runs) {
    await run.end({ answer: "x" });
    await run.postRun();
  }
  await client.awaitPendingTraceBatches();
  projectId = (await client.readProject({ projectName: "review" })).id;
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const key = (index: number): { runId: string; sessionId: string; startTime: number } => ({
  runId: runs[index]?.id ?? "",
  sessionId: projectId,
  startTime: Number(runs[index]?.start_time),
});

it("keeps a queue with its rubric and the configs of its keys", async () => {
  const { client } = running;
  await client.createFeedbackConfig({ feedbackKey: "tone", feedbackConfig: { type: "continuous", min: 0, max: 1 } });
  const queue = await client.createAnnotationQueue({
    name: "rubric",
    rubricInstructions: "Look closely",
    rubricItems: [{ feedback_key: "tone", description: "How does it sound?", is_required: true }],
  });
  const read = (await client.readAnnotationQueue(queue.id)) as unknown as Record<string, unknown>;
  expect(read["rubric_instructions"]).toBe("Look closely");
  expect(read["rubric_items"]).toMatchObject([
    { feedback_key: "tone", is_required: true, feedback_config: { feedback_config: { type: "continuous", max: 1 } } },
  ]);
});

it("reserves what is viewed, and completes after enough reviewers", async () => {
  const { client } = running;
  const queue = await client.annotationQueues.annotationQueues({ name: "two eyes", num_reviewers_per_item: 2 });
  await client.addRunsToAnnotationQueue(queue.id, [key(0), key(1)]);
  const list = (status: "needs_my_review" | "needs_others_review" | "archived") =>
    collect(client.annotationQueues.items.list(queue.id, { status }));
  const [item] = await list("needs_my_review");
  const itemId = item?.id ?? "";
  const as = (name: string) => ({ headers: { "x-loopsmith-reviewer": name } });
  await client.annotationQueues.items.createStatus(itemId, { status: "viewed" }, as("ann"));
  expect((await list("needs_my_review"))[0]?.reserved_by).toEqual(["ann"]);
  await client.annotationQueues.items.createStatus(itemId, { status: "completed" }, as("ann"));
  expect(await list("needs_others_review")).toMatchObject([{ id: itemId, completed_by: ["ann"], reserved_by: [] }]);
  await client.annotationQueues.items.createStatus(itemId, { status: "completed" }, as("ann"));
  expect(await list("archived")).toEqual([]);
  const done = await client.annotationQueues.items.createStatus(itemId, { status: "completed" }, as("bob"));
  expect(done).toMatchObject({ queue_item_id: itemId, is_archived: true });
  expect((await list("archived"))[0]?.completed_by).toEqual(["ann", "bob"]);
  expect(await client.annotationQueues.retrieveTotalArchived(queue.id)).toEqual({ size: 1 });
  expect(await client.annotationQueues.items.retrieveCount(queue.id, { status: "needs_my_review" })).toEqual({
    count: 1,
  });
});

it("carries a loop's metadata on items, and keeps out what a person took out", async () => {
  const { client } = running;
  const queue = await client.createAnnotationQueue({ name: "loop" });
  const items = [{ run_id: runs[0]?.id ?? "", project_id: projectId, metadata: { score: 0.2 }, unless_removed: true }];
  const add = () => client.annotationQueues.items.create(queue.id, { items });
  const [item] = (await add()).items ?? [];
  expect(item).toMatchObject({ run_id: runs[0]?.id, metadata: { score: 0.2 } });
  expect((await add()).items).toMatchObject([{ id: item?.id }]);
  const [run] = await collect(client.listRunsFromAnnotationQueue(queue.id));
  expect(run).toMatchObject({ id: runs[0]?.id, queue_metadata: { score: 0.2 }, queue_run_id: item?.id });
  await client.annotationQueues.items.deleteAll(queue.id, { item_ids: [item?.id ?? ""] });
  expect((await add()).items).toEqual([]);
});

it("fills a queue from a project, finds queues by run, and exports without formulas", async () => {
  const { client, server } = running;
  const queue = await client.createAnnotationQueue({ name: "export" });
  await client.annotationQueues.populate({ queue_id: queue.id, session_ids: [projectId] });
  expect(await client.getSizeFromAnnotationQueue(queue.id)).toEqual({ size: 3 });
  const queues = await client.annotationQueues.retrieveQueues(runs[2]?.id ?? "");
  expect(queues.map((found) => found.name)).toEqual(["export"]);
  const answer = await server.fetch(`http://x/annotation-queues/${queue.id}/export`, { method: "POST", body: "{}" });
  const csv = await answer.text();
  expect(answer.headers.get("content-type")).toContain("text/csv");
  expect(csv.split("\r\n")).toHaveLength(5);
  expect(csv).toContain('"{""question"":""=cmd()""}"');
  await client.annotationQueues.runs.deleteAll(queue.id, { delete_all: true });
  expect(await client.getSizeFromAnnotationQueue(queue.id)).toEqual({ size: 0 });
});

it("assigns and unassigns reviewers, again and again", async () => {
  const { client, server } = running;
  const { id } = await client.createAnnotationQueue({ name: "reviewers" });
  const path = `http://x/v1/platform/annotation-queues/${id}/reviewers`;
  const assign = () => server.fetch(path, { method: "POST", body: JSON.stringify({ identity_id: "ann" }) });
  expect((await assign()).status).toBe(200);
  await assign();
  expect(await (await server.fetch(path)).json()).toEqual([{ id: "ann" }]);
  expect((await server.fetch(`${path}/ann`, { method: "DELETE" })).status).toBe(204);
  expect((await server.fetch(`${path}/ann`)).status).toBe(404);
});

it("answers the same feedback config again, and refuses another", async () => {
  const { client } = running;
  const config = {
    feedbackKey: "once",
    feedbackConfig: { type: "categorical" as const, categories: [{ value: 1, label: "yes" }] },
  };
  const first = await client.createFeedbackConfig(config);
  expect((await client.createFeedbackConfig(config)).feedback_key).toBe(first.feedback_key);
  await expect(
    client.createFeedbackConfig({ feedbackKey: "once", feedbackConfig: { type: "freeform" } }),
  ).rejects.toThrow(/Feedback config already exists/);
  const added = await client.addFeedbackCategories("once", [{ value: 2, label: "no" }]);
  expect(added.feedback_config.categories).toHaveLength(2);
  const removed = await client.removeFeedbackCategories("once", [1]);
  expect(removed.feedback_config.categories).toMatchObject([{ value: 2 }]);
});

it("takes feedback by a presigned URL until it expires", async () => {
  const { client, server } = running;
  const runId = runs[0]?.id ?? "";
  const token = await client.createPresignedFeedbackToken(runId, "thumb", { expiration: { minutes: 5 } });
  const given = await fetch(token.url, { method: "POST", body: JSON.stringify({ score: 1, comment: "good" }) });
  expect(given.status).toBe(200);
  expect((await fetch(`${token.url}?score=0`)).status).toBe(200);
  const feedback = await collect(client.listFeedback({ runIds: [runId], feedbackKeys: ["thumb"] }));
  expect(new Set(feedback.map((entry) => entry.score))).toEqual(new Set([0, 1]));
  const listed = await client.createPresignedFeedbackToken(runId, "late", { expiration: "2020-01-01T00:00:00Z" });
  expect((await fetch(listed.url)).status).toBe(403);
  expect((await server.fetch("http://x/feedback/tokens/00000000-0000-4000-8000-000000000000")).status).toBe(403);
});

it("updates and deletes feedback", async () => {
  const { client } = running;
  const runId = runs[1]?.id ?? "";
  const { id } = await client.createFeedback({ runId, sessionId: projectId, key: "edit", score: true, value: "a" });
  expect(await client.readFeedback(id)).toMatchObject({ score: 1, value: "a", session_id: projectId });
  await client.updateFeedback(id, { score: 0.25, comment: "changed" });
  expect(await client.readFeedback(id)).toMatchObject({ score: 0.25, comment: "changed", value: "a" });
  await client.deleteFeedback(id);
  await expect(client.readFeedback(id)).rejects.toThrow(/404/);
});
