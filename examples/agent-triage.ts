// Real input: 120 recorded runs of a GPT-4o airline agent (tau-bench), replayed as traces through the official client.
// The evaluator is the reward that was recorded; failures go to a review queue.
//
//   npx loopsmith run examples/agent-triage.ts
import { existsSync, readFileSync } from "node:fs";
import { Client, RunTree } from "langsmith";
import { addToAnnotationQueue, defineLoop } from "loopsmith";
import { v5 as uuid } from "uuid";

const PROJECT = "tau-airline";
const DATA = new URL("../../shared/data/tau-bench-airline/gpt-4o-runs.json", import.meta.url);
const NAMESPACE = "2b1f5c3e-6f0a-5d57-9b25-6a8f3f1f4f6e";

interface Message {
  role: "system" | "user" | "assistant" | "tool";
  content: string | null;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}
interface Recording {
  task_id: number;
  trial: number;
  reward: number;
  traj: Message[];
}

const recordings: Recording[] = existsSync(DATA) ? (JSON.parse(readFileSync(DATA, "utf8")) as Recording[]) : [];
const runId = (recording: Recording): string => uuid(`${recording.task_id}/${recording.trial}`, NAMESPACE);
const rewards = new Map(recordings.map((recording) => [runId(recording), recording.reward]));

export default defineLoop({
  projectName: PROJECT,
  evaluator: function reward(run: { id: string }) {
    return { key: "reward", score: rewards.get(run.id) ?? null };
  },
  threshold: 1,
  settleMs: 500,
  onFailure: (_run, score, failure) =>
    addToAnnotationQueue("agent-triage", { metadata: { reward: score, span: failure.culprit?.name ?? null } }),
});

/** Sends what is not there yet, ten traces at a time; a trace counts as there once its root has ended. */
export async function source(progress: (text: string) => void): Promise<void> {
  if (recordings.length === 0) throw new Error(`there is no recording at ${DATA.pathname}`);
  const client = new Client();
  const done = await endedRoots(client);
  const missing = recordings.filter((recording) => !done.has(runId(recording)));
  const startAt = Date.now() - missing.length * 1000;
  for (let at = 0; at < missing.length; at += 10) {
    const roots = missing
      .slice(at, at + 10)
      .map((recording, index) => replay(client, recording, startAt + (at + index) * 1000));
    for (const { posts } of roots) await Promise.all(posts.map((run) => run.postRun()));
    await client.awaitPendingTraceBatches();
    // Only now that every span has arrived do the roots end.
    await Promise.all(roots.map(({ root }) => root.patchRun()));
    await client.awaitPendingTraceBatches();
    progress(`replayed ${Math.min(at + 10, missing.length)} of ${missing.length} traces`);
  }
}

async function endedRoots(client: Client): Promise<Set<string>> {
  const ended = new Set<string>();
  if (!(await client.hasProject({ projectName: PROJECT }))) return ended;
  const project = await client.readProject({ projectName: PROJECT });
  const query = {
    project_ids: [project.id as string],
    is_root: true,
    min_start_time: "2000-01-01T00:00:00Z",
    selects: ["ID" as const, "END_TIME" as const],
  };
  for await (const run of client.runs.query(query)) if (run.id && run.end_time) ended.add(run.id);
  return ended;
}

/** One conversation as a span tree: an `llm` span for each reply of the agent, a `tool` span for each call. */
function replay(client: Client, recording: Recording, startAt: number): { root: RunTree; posts: RunTree[] } {
  const { traj } = recording;
  const stepMs = 900 / traj.length;
  const time = (step: number): number => Math.round(startAt + step * stepMs);
  const root = new RunTree({
    client,
    id: runId(recording),
    name: "airline-agent",
    run_type: "chain",
    project_name: PROJECT,
    start_time: time(0),
    inputs: { messages: traj.slice(0, 2) },
    // Trials of one task are not independent; the statistics take a thread as one cluster.
    extra: { metadata: { thread_id: `task-${recording.task_id}` } },
  });
  const posts = [root];
  const child = (step: number, name: string, run_type: string, inputs: Record<string, unknown>): RunTree => {
    const run = root.createChild({
      id: uuid(`${root.id}/${posts.length}`, NAMESPACE),
      name,
      run_type,
      inputs,
      start_time: time(step),
    });
    posts.push(run);
    return run;
  };
  const finish = (run: RunTree, step: number, outputs: Record<string, unknown>, error?: string): void => {
    run.outputs = outputs;
    run.end_time = time(step + 1);
    if (error !== undefined) run.error = error;
  };
  traj.forEach((message, step) => {
    if (message.role === "assistant") {
      const llm = child(step, "gpt-4o", "llm", { messages: traj.slice(Math.max(0, step - 2), step) });
      llm.extra = { ...llm.extra, metadata: { ls_model_name: "gpt-4o", ls_provider: "openai" } };
      finish(llm, step, { message });
    } else if (message.role === "tool") {
      const call = traj
        .slice(0, step)
        .flatMap((earlier) => earlier.tool_calls ?? [])
        .find((candidate) => candidate.id === message.tool_call_id);
      const content = message.content ?? "";
      const tool = child(step, call?.function.name ?? "tool", "tool", { arguments: call?.function.arguments ?? "" });
      finish(tool, step, { content }, /^error/i.test(content) ? content : undefined);
    }
  });
  root.outputs = { reply: traj.findLast((message) => message.role === "assistant")?.content ?? "" };
  root.end_time = undefined as unknown as number;
  const endAt = time(traj.length);
  const patch = root.patchRun.bind(root);
  root.patchRun = () => {
    root.end_time = endAt;
    return patch();
  };
  return { root, posts };
}
