import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { traceOfSteps } from "./labelled-run.ts";
import type { LabelledRun, StepSketch } from "./labelled-run.ts";

interface Recording {
  question: string;
  question_ID: string;
  history: { role: string; name?: string; content: string }[];
  mistake_agent: string;
  mistake_step: string;
}

/**
 * Who&When (MIT): failed multi-agent runs, a message a step. `mistake_step` is a 0-based string. Only the question and
 * the messages enter the trace; `mistake_*`, `ground_truth` and `is_correct(ed)` do not.
 */
export function readWhoAndWhen(data: string, part: "algorithm-generated" | "hand-crafted"): LabelledRun[] {
  const folder = join(data, "who-and-when", part);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => {
      const run = JSON.parse(readFileSync(join(folder, file), "utf8")) as Recording;
      const sketches = run.history.map((message, i): StepSketch => {
        const name = message.name ?? message.role;
        const failed = /^exitcode: [1-9].*/.exec(message.content);
        return {
          name,
          kind: name === "human" ? "prompt" : /terminal/i.test(name) ? "tool" : "llm",
          inputs: { message: run.history[i - 1]?.content ?? run.question },
          outputs: { message: message.content },
          ...(failed ? { error: message.content.slice(0, 2000) } : {}),
        };
      });
      const set = `who-and-when ${part}`;
      return {
        set,
        group: run.question_ID,
        part: "all",
        trace: traceOfSteps(`${part}/${file}`, set, run.question, sketches),
        step: Number(run.mistake_step),
        agent: run.mistake_agent,
      };
    });
}
