import type { JsonObject } from "../model/json.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";
import type { ExperimentOptions } from "./experiment-options.ts";
import type { ExperimentPlatform } from "./experiment-platform.ts";
import { hashShare } from "../internal/hash-share.ts";

/** A paid call, as the provider gets it. */
export interface Payment {
  key: string;
  config?: { topK: number };
  inputs?: { index: number };
  outputs?: { ok: boolean };
}

/** What the provider answers: always the same to the same. */
export function answerTo({ config, inputs, outputs }: Payment): JsonObject {
  if (!config) return { score: outputs?.ok ? 1 : 0 };
  const luck = hashShare("luck", String(inputs?.index));
  return { ok: config.topK > 2 ? luck < 0.62 : luck < 0.45 || luck > 0.95 };
}

/** A 400-example experiment whose target and judge are paid calls. */
export function killedOptions(
  pay: (payment: Payment | { key: string; outputs: JsonObject | null }) => Promise<JsonObject>,
  platform: ExperimentPlatform,
  journal: ExperimentJournal,
): ExperimentOptions<{ topK: number }> {
  return {
    name: "killed",
    dataset: { id: "dataset", version: "1" },
    examples: Array.from({ length: 400 }, (_, index) => ({
      id: `example-${index}`,
      inputs: { index },
      split: "held_out",
      control: index % 4 === 0,
      slices: [],
      sourceTraceId: `trace-${index}`,
      sourceRunId: `run-${index}`,
    })),
    baseline: { name: "baseline", config: { topK: 2 } },
    candidates: [{ name: "wider", config: { topK: 8 } }],
    trial: {
      maxCostUsd: 0.02,
      target: async ({ config, inputs, runId }) => {
        const outputs = await pay({ key: `target ${runId}`, config, inputs: inputs as { index: number } });
        return { outputs, costUsd: 0.01 };
      },
      evaluators: [
        {
          name: "correct",
          version: "1",
          maxCostUsd: 0.002,
          async evaluate({ run }) {
            const { score } = (await pay({ key: `judge ${run.runId}`, outputs: run.outputs })) as { score: number };
            return { scores: [{ key: "correct", score }], costUsd: 0.001 };
          },
        },
      ],
      threshold: { correct: 0.5 },
    },
    platform,
    journal,
    // Strict enough that most examples are needed.
    gate: { alpha: 1e-5, slices: { names: [] } },
    concurrency: 8,
  };
}
