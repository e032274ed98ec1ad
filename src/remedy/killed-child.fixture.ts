/**
 * An experiment in a process of its own, to be killed. Its provider and its platform are the parent's HTTP server:
 * `POST /pay` is a paid call, `POST /platform/<method>` one of the platform.
 *
 * Arguments: the server's URL and the journal's path. Prints the verdict as JSON when it is done.
 */
import type { JsonObject } from "../model/json.ts";
import { budgetAfter } from "./budget.ts";
import type { ExperimentPlatform } from "./experiment-platform.ts";
import { openFileJournal } from "./file-journal.ts";
import type { RemedyExample } from "./remedy-example.ts";
import { runExperiment } from "./run-experiment.ts";

const [url = "", path = ""] = process.argv.slice(2);

async function post(route: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${url}${route}`, { method: "POST", body: JSON.stringify(body) });
  return answer.json();
}

const platform = new Proxy({} as ExperimentPlatform, {
  get: (_target, method) => (params: unknown) => post(`/platform/${String(method)}`, params),
});

const examples: RemedyExample[] = Array.from({ length: 400 }, (_, index) => ({
  id: `example-${index}`,
  inputs: { index },
  split: "held_out",
  control: index % 4 === 0,
  slices: [],
  sourceTraceId: `trace-${index}`,
  sourceRunId: `run-${index}`,
}));

const journal = await openFileJournal(path);
const outcome = await runExperiment({
  name: "killed",
  dataset: { id: "dataset", version: "1" },
  examples,
  baseline: { name: "baseline", config: { topK: 2 } },
  candidates: [{ name: "wider", config: { topK: 8 } }],
  trial: {
    maxCostUsd: 0.02,
    target: async ({ config, inputs, runId }) => {
      const outputs = (await post("/pay", { key: `target ${runId}`, config, inputs })) as JsonObject;
      return { outputs, costUsd: 0.01 };
    },
    evaluators: [
      {
        name: "correct",
        version: "1",
        maxCostUsd: 0.002,
        async evaluate({ run }) {
          const { score } = (await post("/pay", { key: `judge ${run.runId}`, outputs: run.outputs })) as {
            score: number;
          };
          return { scores: [{ key: "correct", score }], costUsd: 0.001 };
        },
      },
    ],
    threshold: { correct: 0.5 },
  },
  platform,
  journal,
  budget: await budgetAfter(journal, 100),
  // Strict enough that nearly all examples are needed.
  gate: { alpha: 1e-5, slices: { names: [] } },
  concurrency: 8,
});
await journal.close();
const { verdict } = outcome.candidates[0] ?? {};
console.log(JSON.stringify({ status: outcome.status, calls: outcome.calls, spentUsd: outcome.spentUsd, verdict }));
