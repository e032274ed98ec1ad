import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addToAnnotationQueue, webhook } from "../../destination/action-helpers.ts";
import { groundedness } from "../../evaluator/builtin/groundedness.ts";
import { retrievalRelevance } from "../../evaluator/builtin/retrieval-relevance.ts";
import { createFeedbackLoop } from "../../loop.ts";
import { embeddedPlatform } from "../../platform/embedded.ts";
import { createServer } from "../../server/create-server.ts";
import { listen } from "../../server/listen.ts";
import { openStore } from "../../store/open-store.ts";
import { runReport, type RunReport } from "../summary.ts";
import { loadCorpus } from "./corpus.ts";
import { answerFrom, createRetriever, FIRST_GUESS, type PipelineConfig, type Retrieved } from "./pipeline.ts";
import { drawQuestions } from "./questions.ts";
import { startWebhookReceiver } from "./webhook-receiver.ts";

export const DEMO_PROJECT = "docs-rag";
export const DEMO_QUEUE = "low-faithfulness-review";

export interface DemoOptions {
  packageRoot: string;
  questions: number;
  /** Kept there when given; else in a temporary folder that is removed. */
  dataDir?: string;
  config?: PipelineConfig;
  progress: (text: string) => void;
}

/** The whole loop, offline: a real retrieval pipeline is traced into a real server, judged, routed and mined. */
export async function runDemo(options: DemoOptions): Promise<RunReport> {
  const { progress } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "loopsmith-demo-"));
  const store = await openStore({ dataDir });
  const server = createServer({ store });
  const listener = await listen(server, { port: 0 });
  const receiver = await startWebhookReceiver();
  try {
    const client = new Client({ apiUrl: listener.url, apiKey: "demo" });
    const sections = loadCorpus(options.packageRoot);
    const questions = drawQuestions(sections, options.questions);
    const ask = tracedPipeline(client, createRetriever(sections, options.config ?? FIRST_GUESS));
    for (const [index, question] of questions.entries()) {
      await ask(question.text);
      if (index % 10 === 9) progress(`asked ${index + 1} of ${questions.length} questions`);
    }
    await client.awaitPendingTraceBatches();

    await using loop = createFeedbackLoop({
      client,
      store,
      projectName: DEMO_PROJECT,
      evaluator: [groundedness({ key: "faithfulness" }), retrievalRelevance({ key: "relevance" })],
      threshold: { faithfulness: 0.7 },
      settleMs: 300,
      allowPrivateNetworks: ["127.0.0.1"],
      secrets: { demo: receiver.secret },
      onFailure: (run, score, failure) => [
        addToAnnotationQueue(DEMO_QUEUE, {
          metadata: {
            failureScore: score,
            spanIds: run.child_runs.filter((span) => span.name === "retrieval").map((span) => span.id),
            culprit_name: failure.culprit?.name ?? null,
          },
        }),
        webhook(receiver.url, { secret: "demo" }),
      ],
    });
    loop.on("error", ({ error }) => progress(String(error)));
    await loop.runOnce({ onProgress: ({ judged }) => progress(`judged ${judged} of ${questions.length} traces`) });
    const platform = embeddedPlatform(server);
    return await runReport({
      store,
      loop,
      patterns: await loop.patterns({ window: "24h" }),
      queueSize: (queueName) => platform.queueSize({ queueName }),
      verified: receiver.verified.size,
    });
  } finally {
    await receiver.close();
    await listener.close();
    await store.close();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The pipeline as its users write it: `traceable` around each step, nothing of Loopsmith in it. */
function tracedPipeline(
  client: Client,
  search: (question: string) => Retrieved[],
): (question: string) => Promise<string> {
  const settings = { client, project_name: DEMO_PROJECT, tracingEnabled: true };
  const retrieval = traceable(async ({ query }: { query: string }) => search(query), {
    ...settings,
    name: "retrieval",
    run_type: "retriever",
  });
  const answer = traceable(
    async ({ question, documents }: { question: string; documents: Retrieved[] }) => answerFrom(question, documents),
    { ...settings, name: "answer", run_type: "llm", metadata: { ls_model_name: "extractive-1" } },
  );
  const pipeline = traceable(
    async ({ question }: { question: string }) => {
      const documents = await retrieval({ query: question });
      return answer({ question, documents });
    },
    { ...settings, name: "docs-rag", run_type: "chain" },
  );
  return async (question) => (await pipeline({ question })).answer;
}
