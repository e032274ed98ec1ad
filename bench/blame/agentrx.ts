import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/model/json.ts";
import { traceOfSteps } from "./labelled-run.ts";
import type { LabelledRun, StepSketch } from "./labelled-run.ts";

interface Message {
  role: string;
  name?: string;
  content: string | null;
  tool_calls?: { function: { name: string; arguments: string } }[] | null;
}

interface Recording {
  task_id: number;
  trial: number;
  reward: number;
  info: { task: { user_id: string } };
  traj: Message[];
}

interface Truth {
  trajectory_id: number;
  failures: { failure_id: number; step_number: number; failed_agent: string }[];
  root_cause: { failure_id: number };
}

/**
 * AgentRx tau-retail (MIT): failed runs with a labelled root cause (1-based step), and the passing runs of the same
 * agent. A message a step. Grouped by customer: several tasks share one and ask the same thing. The task's expected
 * actions and the reward's details stay out of the trace.
 */
export function readAgentRx(data: string): { failed: LabelledRun[]; passed: LabelledRun[] } {
  const folder = join(data, "agentrx-tau-retail");
  if (!existsSync(folder)) return { failed: [], passed: [] };
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  const truth = new Map((read("ground-truth.json") as Truth[]).map((entry) => [entry.trajectory_id, entry]));
  const failed = (read("failed-runs.json") as Recording[]).flatMap((run) => {
    const labels = truth.get(run.task_id);
    const cause = labels?.failures.find((failure) => failure.failure_id === labels.root_cause.failure_id);
    return cause ? [{ ...toRun(run), step: cause.step_number - 1, agent: cause.failed_agent }] : [];
  });
  const passed = (read("all-runs.json") as Recording[]).filter((run) => run.reward === 1).map(toRun);
  return { failed, passed };
}

// --- internal ---

const SET = "agentrx-tau-retail";

function toRun(run: Recording): LabelledRun {
  const question = run.traj.find((message) => message.role === "user")?.content ?? "";
  const sketches = run.traj.map((message, i): StepSketch => {
    const call = message.tool_calls?.[0]?.function;
    const said = message.content ?? "";
    const isTool = message.role === "tool";
    const outputs: JsonObject = call
      ? { message: said, call: call.name, arguments: call.arguments }
      : { message: said };
    return {
      name: isTool ? (message.name ?? "tool") : message.role,
      kind: isTool ? "tool" : message.role === "assistant" ? "llm" : message.role === "user" ? "chain" : "prompt",
      inputs: { message: previous(run.traj, i) },
      outputs,
      ...(isTool && /^error/i.test(said) ? { error: said } : {}),
    };
  });
  return {
    set: SET,
    group: run.info.task.user_id,
    part: "all",
    trace: traceOfSteps(`agentrx/${run.task_id}/${run.trial}`, SET, question, sketches),
    step: null,
    agent: null,
  };
}

function previous(messages: readonly Message[], index: number): string {
  const before = messages[index - 1];
  const call = before?.tool_calls?.[0]?.function;
  return call ? `${call.name} ${call.arguments}` : (before?.content ?? "");
}
