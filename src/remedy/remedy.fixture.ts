import { hashShare } from "../internal/hash-share.ts";
import type { Pattern } from "../model/pattern.ts";
import { memoryJournal } from "./experiment-journal.ts";
import type { DatasetSource } from "./dataset.ts";
import { aSource, LOW_RELEVANCE } from "./dataset.fixture.ts";
import { memoryPlatform } from "./memory-platform.fixture.ts";
import type { MemoryPlatform } from "./memory-platform.fixture.ts";
import type { PromptConfig } from "./promote/promotion.fixture.ts";
import { promotePrompt } from "./promote/prompt.ts";
import type { RemedyDefinition, RemedyDeps } from "./remedy-definition.ts";
import { memoryRemedyStore } from "./remedy-state.ts";

export interface RagConfig extends PromptConfig {
  topK: number;
  /** Questions it has learned by heart. */
  memorised?: string[];
}

export const BASELINE: RagConfig = { prompt: "Answer.", topK: 2 };

const PATTERN: Pattern = {
  ...LOW_RELEVANCE,
  sentence: "90% of failures have relevance < 0.5",
  failing: 90,
  failures: 100,
  passing: 10,
  passes: 400,
  share: 0.9,
  passingShare: 0.025,
  riskRatio: 9,
  riskRatioInterval: [6, 14],
  p: 1e-9,
  q: 1e-7,
  exemplars: ["trace-1", "trace-2", "trace-3"],
};

export function someSources(failing = 200, passing = 300): DatasetSource[] {
  return [
    ...Array.from({ length: failing }, (_, index) => aSource(index, true)),
    ...Array.from({ length: passing }, (_, index) => aSource(10_000 + index, false)),
  ];
}

/** Passing questions stay easy; failing ones need more retrieval, or to be known by heart. */
function answersWell(config: RagConfig, question: string): boolean {
  if (Number(question.split(" ")[1]) >= 10_000) return hashShare("easy", question) < (config.topK === 0 ? 0.3 : 0.97);
  return config.memorised?.includes(question) === true || hashShare(`luck ${config.topK}`, question) < config.topK / 10;
}

export interface RemedyWorld {
  definition: RemedyDefinition<RagConfig>;
  deps: RemedyDeps<RagConfig> & { platform: MemoryPlatform };
  calls: { target: number; watched: number; asked: number };
}

/** A RAG application, its failing and passing traces, and a remedy for its retrieval. */
export function aRemedy(
  rest: Partial<RemedyDefinition<RagConfig>> = {},
  deps: Partial<Omit<RemedyDeps<RagConfig>, "platform">> = {},
): RemedyWorld {
  const platform = memoryPlatform();
  const calls = { target: 0, watched: 0, asked: 0 };
  let clock = 1_700_000_000_000;
  return {
    calls,
    definition: {
      name: "low relevance",
      on: PATTERN,
      baseline: BASELINE,
      candidates: [
        {
          list: [
            { name: "wider", config: { ...BASELINE, topK: 6 } },
            { name: "same again", config: { ...BASELINE, prompt: "Please answer." } },
            { name: "none", config: { ...BASELINE, topK: 0 } },
          ],
        },
        {
          // Learns the visible questions by heart.
          async propose({ examples, baseline }) {
            const memorised = examples.list().map((example) => (example.inputs as { question: string }).question);
            return [{ name: "by heart", config: { ...baseline, memorised }, why: "It passes everything I was shown." }];
          },
        },
      ],
      trial: {
        async target({ config, inputs }) {
          calls.target += 1;
          return { outputs: { ok: answersWell(config, (inputs as { question: string }).question) }, costUsd: 0.001 };
        },
        maxCostUsd: 0.002,
        evaluators: [
          {
            name: "correct",
            version: "1",
            evaluate: async ({ run }) => ({
              scores: [{ key: "correct", score: run.outputs?.["ok"] === true ? 1 : 0 }],
            }),
          },
        ],
        threshold: 0.5,
      },
      gate: { slices: { margin: 0.15 } },
      promote: promotePrompt({ prompt: "answer", content: ({ prompt, topK }) => ({ prompt, topK }) }),
      ...rest,
    },
    deps: {
      platform,
      journal: memoryJournal(),
      store: memoryRemedyStore(),
      sources: async () => someSources(),
      watchPattern: async () => void (calls.watched += 1),
      requestApproval: async () => void (calls.asked += 1),
      now: () => (clock += 1),
      sleep: async () => undefined,
      ...deps,
    },
  };
}
