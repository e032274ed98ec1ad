// One worker on PostgreSQL. Arguments: url, schema. Says "ready" once it is warm, begins at the first line on stdin, ends
// with stdin.
import { createServer } from "../../src/server/index.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../../src/loop.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { askBatch } from "./ask-batch.ts";

/** What a process judges before it is measured: what a long-running worker compiled long ago is not measured again. */
const WARM_UP_TRACES = 600;

const [url = "", schema = ""] = process.argv.slice(2);
const store = await postgresStore({ url, schema, poolSize: 8 });
const server = createServer({ store });

function loopOver(projectName: string): FeedbackLoop {
  return createFeedbackLoop({
    client: server,
    projectName,
    evaluator: () => ({ key: "ok", score: 1 }),
    threshold: 0.5,
    settleMs: 0,
    concurrency: 100,
    learn: false,
  });
}

const warmUp = `warm-up ${process.pid}`;
for (let sent = 0; sent < WARM_UP_TRACES; sent += 100) {
  const { body } = askBatch(warmUp, 100);
  await server.fetch("http://localhost/runs/batch", { method: "POST", body });
}
await using warm = loopOver(warmUp);
await warm.backfill({ since: new Date(0) });

const loop = loopOver("workers");
await loop.status();
process.stdin.once("data", () => void loop.start());
process.stdin.once("end", () => {
  void loop
    .stop()
    .then(() => store.close())
    .then(() => process.exit(0));
});
process.stdout.write("ready\n");
