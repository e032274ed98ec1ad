import { afterAll, beforeAll, expect, it } from "vitest";
import { Langsmith } from "langsmith";
import { startServer, type RunningServer } from "./official-client.ts";

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

interface Uploaded {
  dataset: { id: string; example_count: number };
  experiment: { id: string; name: string };
}

async function post<T>(path: string, body: object, status = 200): Promise<T> {
  const answer = await running.server.fetch(`http://x${path}`, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  return JSON.parse(text) as T;
}

const EXAMPLES = 6;

/** Results of an experiment that ran elsewhere, right on the first `right` examples. */
const upload = (experiment_name: string, right: number, model: string): object => ({
  experiment_name,
  dataset_name: "squares",
  experiment_start_time: "2026-11-20T10:00:00Z",
  experiment_end_time: "2026-11-20T10:01:00Z",
  experiment_metadata: { model },
  summary_experiment_scores: [{ key: "accuracy", score: right / EXAMPLES }],
  results: Array.from({ length: EXAMPLES }, (_, n) => ({
    inputs: { n },
    expected_outputs: { square: n * n },
    actual_outputs: { square: n < right ? n * n : 0 },
    evaluation_scores: [{ key: "right", score: n < right ? 1 : 0 }],
    run_metadata: { model, hard: n >= 3 },
    start_time: "2026-11-20T10:00:00Z",
    end_time: "2026-11-20T10:00:01Z",
    ...(n === 5 ? { error: "gave up" } : {}),
  })),
});

it("takes in an experiment that was run elsewhere, and tells what another does better and worse", async () => {
  const one = await post<Uploaded>("/datasets/upload-experiment", upload("first", 2, "a"));
  const two = await post<Uploaded>("/datasets/upload-experiment", upload("second", 4, "b"));
  expect(two.dataset.id).toBe(one.dataset.id);
  expect(two.dataset.example_count).toBe(EXAMPLES);
  await post("/datasets/upload-experiment", upload("second", 4, "b"), 409);
  const { client } = running;
  const project = await client.readProject({ projectName: "second", includeStats: true } as never);
  expect(project).toMatchObject({
    run_count: EXAMPLES,
    feedback_stats: { right: { n: EXAMPLES, avg: 4 / EXAMPLES } },
    session_feedback_stats: { accuracy: { n: 1, avg: 4 / EXAMPLES } },
    error_rate: 1 / EXAMPLES,
  });
  const { feedback_deltas: deltas } = await post<{
    feedback_deltas: Record<string, { improved_examples: string[]; regressed_examples: string[] }>;
  }>(`/datasets/${one.dataset.id}/runs/delta`, {
    baseline_session_id: one.experiment.id,
    comparison_session_ids: [two.experiment.id],
    feedback_key: "right",
  });
  const delta = deltas[two.experiment.id];
  expect(delta?.improved_examples).toHaveLength(2);
  expect(delta?.regressed_examples).toEqual([]);
  await client.createFeedbackConfig({
    feedbackKey: "right",
    feedbackConfig: { type: "continuous" },
    isLowerScoreBetter: true,
  });
  const other = await post<typeof deltas>(`/datasets/${one.dataset.id}/runs/delta`, {
    baseline_session_id: one.experiment.id,
    comparison_session_ids: [two.experiment.id],
    feedback_key: "right",
  });
  expect(other).toMatchObject({
    feedback_deltas: { [two.experiment.id]: { improved_examples: [], regressed_examples: delta?.improved_examples } },
  });
});

it("groups examples and their runs by what their metadata say", async () => {
  const { client } = running;
  const dataset = await client.readDataset({ datasetName: "squares" });
  const sessions = await Promise.all(["first", "second"].map((projectName) => client.readProject({ projectName })));
  const { groups } = await post<{ groups: Record<string, unknown>[] }>(`/datasets/${dataset.id}/group/runs`, {
    session_ids: sessions.map(({ id }) => id),
    group_by: "run_metadata",
    metadata_key: "hard",
    per_group_limit: 2,
  });
  expect(groups).toMatchObject([
    { group_key: "false", count: 6, example_count: 3, sessions: [{ name: "first" }, { name: "second" }] },
    {
      group_key: "true",
      count: 6,
      example_count: 3,
      error_rate: 2 / 6,
      feedback_stats: { right: { n: 6, avg: 1 / 6 } },
    },
  ]);
  expect(groups[0]?.["examples"]).toMatchObject([{ runs: [{}, {}] }, { runs: [{}, {}] }]);
});

it("lists projects and experiments by v2, page by page", async () => {
  const langsmith = new Langsmith({ apiKey: "any", baseURL: running.listening.url });
  const names: string[] = [];
  for await (const session of langsmith.sessions.listV2({
    type: ["EXPERIMENT"],
    sort_by: "NAME",
    sort_order: "asc",
    page_size: 1,
  })) {
    names.push(session.name);
    expect(session).toMatchObject({ type: "EXPERIMENT", trace_tier: "LONG_LIVED" });
  }
  expect(names).toEqual(["first", "second"]);
  const [found] = (await langsmith.sessions.listV2({ name: "second", include_stats: true })).items ?? [];
  expect(found).toMatchObject({ name: "second", run_count: EXAMPLES });
});

it("adds up what a run and all runs below it used, when asked to", async () => {
  const { client } = running;
  const ids = [1, 2, 3].map((n) => `01a20a88-3919-7000-8000-00000000000${n}`);
  const [root = "", step = "", model = ""] = ids;
  const order = ids.map((id, index) => `20261120T10000000000${index}Z${id}`);
  const run = (id: string, depth: number, more: object): object => ({
    id,
    trace_id: root,
    dotted_order: order.slice(0, depth).join("."),
    name: "x",
    run_type: "chain",
    session_name: "tokens",
    inputs: {},
    start_time: "2026-11-20T10:00:00Z",
    end_time: "2026-11-20T10:00:01Z",
    ...more,
  });
  const usage_metadata = {
    input_tokens: 7,
    output_tokens: 3,
    total_tokens: 10,
    total_cost: 0.5,
    input_token_details: { cache_read: 2 },
  };
  await post(
    "/runs/batch",
    {
      post: [
        run(root, 1, {}),
        run(step, 2, { parent_run_id: root }),
        run(model, 3, { parent_run_id: step, run_type: "llm", extra: { metadata: { usage_metadata } } }),
      ],
    },
    202,
  );
  const { id: projectId } = await client.readProject({ projectName: "tokens" });
  const ask = async (include_subtree_usage: boolean): Promise<Map<string | undefined, object>> => {
    const { items } = await client.runs.query({
      project_ids: [projectId],
      min_start_time: "2026-11-20T00:00:00Z",
      selects: ["TOTAL_TOKENS", "TOTAL_COST", "PROMPT_TOKEN_DETAILS"],
      include_subtree_usage,
    });
    return new Map(items?.map((item) => [item.id, item]));
  };
  const alone = await ask(false);
  expect(alone.get(root)).toMatchObject({ total_tokens: 0 });
  expect(alone.get(model)).toMatchObject({ total_tokens: 10, prompt_token_details: { cache_read: 2 } });
  const together = await ask(true);
  for (const id of ids) expect(together.get(id)).toMatchObject({ total_tokens: 10, total_cost: 0.5 });
});

it("forks a prompt with its history", async () => {
  const { client } = running;
  const manifest = (text: string): object => ({
    lc: 1,
    type: "constructor",
    id: ["langchain", "prompts", "x"],
    kwargs: { text },
  });
  for (const text of ["one", "two"]) await client.pushPrompt("original", { object: manifest(text), tags: ["qa"] });
  await post("/repos/-/original/fork", { repo_handle: "copy", description: "mine" });
  expect(await client.getPrompt("copy")).toMatchObject({ num_commits: 2, description: "mine", tags: ["qa"] });
  expect((await client.pullPromptCommit("copy")).manifest).toMatchObject({ kwargs: { text: "two" } });
  await post("/repos/-/original/fork", { repo_handle: "copy" }, 409);
});
