import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/model/json.ts";
import { traceOfSteps } from "./labelled-run.ts";
import type { LabelledRun, StepSketch } from "./labelled-run.ts";

interface Episode {
  episode_id: string;
  corpus: string;
  failure_class: string | null;
  tau: number | null;
  success?: boolean | null;
  steps: {
    text: string;
    action: string;
    error: boolean;
    output_tokens?: number;
    task?: string;
    tool_events?: { name: string; args: JsonObject; result: string }[];
  }[];
}

/** Classes whose fault shows as an error of some kind at the step where it strikes. */
export const ERROR_LIKE = ["tool_cascade", "rate_limit", "timeout", "looping"];

/**
 * Sentinel (Apache-2.0): real small-model episodes, some with an injected fault and its exact onset `tau` (0-based).
 * Grouped by task text; the oldest episodes carry none and are grouped by their first step. Episodes without injection
 * are history to compare with ("passing") unless they are known to have failed.
 */
export function readSentinel(data: string): { failed: LabelledRun[]; passed: LabelledRun[] } {
  const file = join(data, "sentinel", "episodes.jsonl");
  if (!existsSync(file)) return { failed: [], passed: [] };
  const episodes = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Episode);
  const failed = episodes.filter((episode) => episode.tau !== null).map(toRun);
  const passed = episodes.filter((episode) => episode.tau === null && episode.success !== false).map(toRun);
  return { failed, passed };
}

// --- internal ---

function toRun(episode: Episode): LabelledRun {
  const first = episode.steps[0];
  const task = first?.task ?? "";
  return {
    set: "sentinel",
    group: task === "" ? `first step: ${first?.text ?? ""}` : task,
    part: episode.failure_class ?? "none",
    trace: traceOfSteps(episode.episode_id, episode.corpus, task, episode.steps.map(toSketch)),
    step: episode.tau,
    agent: null,
  };
}

/** `[tool({"a": 1}) -> result]` is how older episodes write a call. */
const CALL = /\[(\w+)\((.*?)\) -> ([^]*)\]\s*$/;

function toSketch(step: Episode["steps"][number], index: number, steps: Episode["steps"]): StepSketch {
  const written = CALL.exec(step.text);
  const event = step.tool_events?.[0];
  const isTool = step.action === "tool_call";
  const result = event?.result ?? written?.[3] ?? step.text;
  return {
    name: isTool ? (event?.name ?? written?.[1] ?? "tool") : step.action,
    kind: isTool ? "tool" : "llm",
    inputs: isTool ? (event?.args ?? { call: written?.[2] ?? step.text }) : { message: steps[index - 1]?.text ?? "" },
    outputs: isTool ? { result } : { message: step.text },
    ...(step.error ? { error: result } : {}),
    ...(step.output_tokens === undefined ? {} : { tokens: step.output_tokens }),
  };
}
