// Real input: recorded runs of a GPT-4o airline agent (tau-bench), replayed as traces through the official client. The
// evaluator is the reward that was recorded; failures go to a review queue.
//
//   AGENT_RUNS=gpt-4o-airline.json npx loopsmith run examples/agent-triage.ts
//
// The recordings are no part of this repository. They come from https://github.com/sierra-research/tau-bench (MIT), file
// historical_trajectories/gpt-4o-airline.json: an array of { task_id, trial, reward, traj }, traj being OpenAI's messages.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client, RunTree } from "langsmith";
import { addToAnnotationQueue, defineLoop, LoopsmithError } from "loopsmith";
import { v5 as uuid } from "uuid";

const PROJECT = "tau-airline";
const DATA =
  process.env["AGENT_RUNS"] ??
  fileURLToPath(new URL("../../shared/data/tau-bench-airline/gpt-4o-runs.json", import.meta.url));
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

const recordings = readRecordings(DATA);
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
  const client = new Client();
  const done = await endedRoots(client);
  const missing = recordings.filter((recording) => !done.has(runId(recording)));
  const startAt = Date.now() - missing.length * 1000;
  for (let at = 0; at < missing.length; at += 10) {
    const replays = missing
      .slice(at, at + 10)
      .map((recording, index) => replay(client, recording, startAt + (at + index) * 1000));
    for (const { root, children } of replays) await Promise.all([root, ...children].map((run) => run.postRun()));
    await client.awaitPendingTraceBatches();
    // Only now that every span has arrived do the roots end, so a replay that is cut off leaves no half traces behind.
    await Promise.all(
      replays.map(async ({ root, reply, endAt }) => {
        await root.end({ reply }, undefined, endAt);
        await root.patchRun();
      }),
    );
    await client.awaitPendingTraceBatches();
    progress(`replayed ${Math.min(at + 10, missing.length)} of ${missing.length} traces`);
  }
}

/** @throws LoopsmithError `not_found` without the file, `invalid` when it holds something else */
function readRecordings(path: string): Recording[] {
  const hint =
    "Set AGENT_RUNS to historical_trajectories/gpt-4o-airline.json of https://github.com/sierra-research/tau-bench.";
  if (!existsSync(path)) throw new LoopsmithError("not_found", `there are no recorded runs at ${path}`, { hint });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new LoopsmithError("invalid", `${path} is not JSON`, { hint, cause });
  }
  if (!Array.isArray(content) || !content.every(isRecording)) {
    throw new LoopsmithError("invalid", `${path} is no array of { task_id, trial, reward, traj }`, { hint });
  }
  return content;
}

function isRecording(value: unknown): value is Recording {
  const { task_id: task, trial, reward, traj } = (value ?? {}) as Partial<Record<keyof Recording, unknown>>;
  return [task, trial, reward].every((part) => typeof part === "number") && Array.isArray(traj) && traj.length > 0;
}

async function endedRoots(client: Client): Promise<Set<string>> {
  const ended = new Set<string>();
  if (!(await client.hasProject({ projectName: PROJECT }))) return ended;
  const project = await client.readProject({ projectName: PROJECT });
  const query = {
    project_ids: [project.id],
    is_root: true,
    min_start_time: "2000-01-01T00:00:00Z",
    selects: ["ID" as const, "END_TIME" as const],
  };
  for await (const run of client.runs.query(query)) if (run.id && run.end_time) ended.add(run.id);
  return ended;
}

interface Replay {
  /** Still open: it has neither outputs nor an end. */
  root: RunTree;
  children: RunTree[];
  reply: string;
  endAt: number;
}

/** One conversation as a span tree: an `llm` span for each reply of the agent, a `tool` span for each call. */
function replay(client: Client, recording: Recording, startAt: number): Replay {
  const { traj } = recording;
  const time = (step: number): number => Math.round(startAt + (step * 900) / traj.length);
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
  const children = traj.flatMap((message, step): RunTree[] => {
    const id = uuid(`${root.id}/${step}`, NAMESPACE);
    const times = { start_time: time(step), end_time: time(step + 1) };
    if (message.role === "assistant") {
      return [
        root.createChild({
          id,
          ...times,
          name: "gpt-4o",
          run_type: "llm",
          inputs: { messages: traj.slice(Math.max(0, step - 2), step) },
          outputs: { message },
          extra: { metadata: { ls_model_name: "gpt-4o", ls_provider: "openai" } },
        }),
      ];
    }
    if (message.role !== "tool") return [];
    const call = traj
      .slice(0, step)
      .flatMap((earlier) => earlier.tool_calls ?? [])
      .find((candidate) => candidate.id === message.tool_call_id);
    const content = message.content ?? "";
    return [
      root.createChild({
        id,
        ...times,
        name: call?.function.name ?? "tool",
        run_type: "tool",
        inputs: { arguments: call?.function.arguments ?? "" },
        outputs: { content },
        ...(/^error/i.test(content) ? { error: content } : {}),
      }),
    ];
  });
  const reply = traj.findLast((message) => message.role === "assistant")?.content ?? "";
  return { root, children, reply, endAt: time(traj.length) };
}
