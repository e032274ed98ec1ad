// The loop of the README over a server and three traces of its own: no key, no data, nothing left behind.
//
//   node --import ./scripts/ts.mjs examples/minimal.ts
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";
import { addToAnnotationQueue, createFeedbackLoop } from "loopsmith";
import { createServer, listen, openStore } from "loopsmith/server";

const dataDir = mkdtempSync(join(tmpdir(), "minimal-loop-"));
const store = await openStore({ dataDir });
const server = await listen(createServer({ store }), { port: 0 });
const client = new Client({ apiUrl: server.url, apiKey: "any" });

// The application: any code that is traced with LangSmith's client. It knows one answer.
const ask = traceable(
  (inputs: { question: string }) => ({ answer: inputs.question === "What is a trace?" ? "What one request did." : "" }),
  { name: "answer", project_name: "my-rag-pipeline", client, tracingEnabled: true },
);
for (const question of ["What is a trace?", "What is a span?", "What is a loop?"]) await ask({ question });
await client.awaitPendingTraceBatches();

const loop = createFeedbackLoop({
  client,
  projectName: "my-rag-pipeline",
  evaluator: ({ outputs }) => ({ key: "answered", score: outputs?.answer ? 1 : 0 }),
  threshold: 0.7,
  onFailure: (run, score) => addToAnnotationQueue("review", { metadata: { score } }),
  store,
});

// `loop.start()` watches until it is stopped; this judges what is there and ends.
const { judged, failures } = await loop.runOnce({ settleMs: 0 });
console.log(`${failures} of ${judged} traces failed and wait in the annotation queue "review":`);
for await (const queue of client.listAnnotationQueues({ name: "review" })) {
  const { size } = await client.getSizeFromAnnotationQueue(queue.id);
  for (let index = 0; index < size; index += 1) {
    const run = await client.getRunFromAnnotationQueue(queue.id, index);
    console.log(`- ${run.inputs["question"]}`);
  }
}

await loop.stop();
await server.close();
await store.close();
rmSync(dataDir, { recursive: true });
