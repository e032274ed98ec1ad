import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Reasons with the class a person or an experiment gave them. */
export interface ReasonSet {
  name: string;
  items: { text: string; label: string }[];
}

/** Every set found in the folder; missing ones are told on stderr and left out. */
export function loadReasonSets(folder: string): ReasonSet[] {
  return [...sentinel(folder), ...agentRx(folder), ...whoAndWhen(folder)].filter(({ items }) => items.length > 1);
}

interface SentinelStep {
  text: string;
  error?: boolean;
  tool_events?: { result?: unknown }[];
}

/**
 * Injected faults by class. What is known of a failure without looking into its making: what the step at the onset put
 * out, and, without knowing the onset, what the steps marked as errors put out (or the last step, where none is).
 */
function sentinel(folder: string): ReasonSet[] {
  const path = join(folder, "sentinel", "episodes.jsonl");
  if (!present(path)) return [];
  const episodes = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { failure_class: string | null; tau: number | null; steps: SentinelStep[] })
    .filter((episode) => episode.failure_class !== null && episode.tau !== null && episode.steps.length > 0);
  const set = (name: string, text: (episode: (typeof episodes)[number]) => string): ReasonSet => ({
    name,
    items: episodes.map((episode) => ({ text: text(episode), label: episode.failure_class ?? "" })),
  });
  return [
    set("sentinel, output at onset", ({ steps, tau }) => putOut(steps[Math.min(tau ?? 0, steps.length - 1)])),
    set("sentinel, errors of the run", ({ steps }) => {
      const errors = [...new Set(steps.filter((step) => step.error).map(putOut))];
      return errors.join("\n") || putOut(steps.at(-1));
    }),
  ];
}

/** A tool step is recorded as `[tool(arguments) -> result]`; the result is its output. */
function putOut(step: SentinelStep | undefined): string {
  if (!step) return "";
  const results = (step.tool_events ?? [])
    .map(({ result }) => (typeof result === "string" ? result : ""))
    .filter((result) => result !== "");
  const written = [...step.text.matchAll(/\[\w+\([\s\S]*?\) -> ([\s\S]*?)\](?=\s*(?:\[\w+\(|$))/g)].map(
    ([, result = ""]) => result,
  );
  const outputs = results.length > 0 ? results : written;
  return outputs.length > 0 ? outputs.join("\n") : step.text;
}

/** Failures annotated by hand with a reason and one of ten categories. */
function agentRx(folder: string): ReasonSet[] {
  const path = join(folder, "agentrx-tau-retail", "ground-truth.json");
  if (!present(path)) return [];
  const runs = JSON.parse(readFileSync(path, "utf8")) as {
    failures: { step_reason: string; category_reason: string; failure_category: string }[];
  }[];
  const failures = runs.flatMap((run) => run.failures);
  return [
    {
      name: "agentrx, step reason",
      items: failures.map((failure) => ({ text: failure.step_reason, label: failure.failure_category })),
    },
    {
      name: "agentrx, category reason",
      items: failures.map((failure) => ({ text: failure.category_reason, label: failure.failure_category })),
    },
  ];
}

/** Reasons by hand without categories; the agent at fault is the only class there is, and a poor stand-in. */
function whoAndWhen(folder: string): ReasonSet[] {
  return ["algorithm-generated", "hand-crafted"].flatMap((part) => {
    const path = join(folder, "who-and-when", part);
    if (!present(path)) return [];
    const runs = readdirSync(path)
      .filter((file) => file.endsWith(".json"))
      .sort()
      .map(
        (file) =>
          JSON.parse(readFileSync(join(path, file), "utf8")) as { mistake_reason: string; mistake_agent: string },
      );
    return [
      {
        name: `who&when ${part}, by agent`,
        items: runs.map((run) => ({ text: run.mistake_reason, label: run.mistake_agent.toLowerCase() })),
      },
    ];
  });
}

function present(path: string): boolean {
  if (existsSync(path)) return true;
  console.error(`skipped: ${path} is not there`);
  return false;
}
