import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addToAnnotationQueue, webhook } from "../../destination/action-helpers.ts";
import { groundedness, retrievalRelevance } from "../../evaluator/index.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../../loop.ts";
import type { RemedyDeclaration } from "../../loop/remedy/declare-remedy.ts";
import { createServer, type Server } from "../../server/create-server.ts";
import { listen } from "../../server/listen.ts";
import { openStore } from "../../store/open-store.ts";
import type { Store } from "../../store/store.ts";
import { loadCorpus, type Section } from "./corpus.ts";
import { answerFrom, createRetriever, type PipelineConfig, type Retrieved } from "./pipeline.ts";
import { drawQuestions, type Question } from "./questions.ts";
import { startWebhookReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

export const DEMO_PROJECT = "docs-rag";
export const DEMO_QUEUE = "low-faithfulness-review";
const DEMO_THRESHOLD = { faithfulness: 0.7 };

export interface DemoOptions {
  packageRoot: string;
  questions: number;
  /** Kept there when given; else in a temporary folder that is removed. */
  dataDir?: string;
  progress: (text: string) => void;
}

/** The demo's world: a server of its own, a traced pipeline, a loop over it, and a receiver for its webhooks. */
export interface Demo extends AsyncDisposable {
  store: Store;
  server: Server;
  loop: FeedbackLoop;
  receiver: WebhookReceiver;
  sections: Section[];
  questions: Question[];
  dataDir: string;
  /** Asks every question with the configuration, traced over HTTP by the official client. */
  askAll(config: PipelineConfig): Promise<void>;
  /** Judges what was asked. */
  judge(): Promise<void>;
}

/** @param remedy a remedy to declare beside the loop, over the corpus the demo answers from */
export async function openDemo(
  options: DemoOptions,
  remedy?: (sections: readonly Section[]) => RemedyDeclaration,
): Promise<Demo> {
  const { progress } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "loopsmith-demo-"));
  const store = await openStore({ dataDir });
  const server = createServer({ store });
  const listener = await listen(server, { port: 0 });
  const receiver = await startWebhookReceiver();
  const client = new Client({ apiUrl: listener.url, apiKey: "demo" });
  const sections = loadCorpus(options.packageRoot);
  const questions = drawQuestions(sections, options.questions);

  const loop = createFeedbackLoop({
    client,
    store,
    projectName: DEMO_PROJECT,
    evaluator: demoEvaluators(),
    threshold: DEMO_THRESHOLD,
    settleMs: 300,
    // Nothing here waits for a provider, so that more at once only means fewer commits.
    concurrency: 32,
    allowPrivateNetworks: ["127.0.0.1"],
    secrets: { demo: receiver.secret },
    ...(remedy && { remedy: remedy(sections) }),
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

  return {
    store,
    server,
    loop,
    receiver,
    sections,
    questions,
    dataDir,
    async askAll(config) {
      const ask = tracedPipeline(client, createRetriever(sections, config));
      for (const [index, question] of questions.entries()) {
        await ask(question.text);
        if (index % 10 === 9) progress(`asked ${index + 1} of ${questions.length} questions`);
      }
      await client.awaitPendingTraceBatches();
    },
    async judge() {
      await loop.runOnce({ onProgress: ({ judged }) => progress(`judged ${judged} of ${questions.length} traces`) });
    },
    async [Symbol.asyncDispose]() {
      await loop.stop();
      await receiver.close();
      await listener.close();
      await store.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What judges the demo's answers; the same code judges the candidates of its remedy. */
function demoEvaluators(): ReturnType<typeof groundedness>[] {
  return [groundedness({ key: "faithfulness" }), retrievalRelevance({ key: "relevance" })];
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
    { ...settings, name: DEMO_PROJECT, run_type: "chain" },
  );
  return async (question) => (await pipeline({ question })).answer;
}
