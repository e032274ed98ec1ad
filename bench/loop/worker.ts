// One worker on PostgreSQL. Arguments: url, schema. Says "ready", begins at the first line on stdin, ends with stdin.
import { createFeedbackLoop } from "../../src/loop.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";

const [url = "", schema = ""] = process.argv.slice(2);
const store = await postgresStore({ url, schema, poolSize: 8 });
const loop = createFeedbackLoop({
  client: { store, subscribe: () => () => {} },
  projectName: "workers",
  evaluator: () => ({ key: "ok", score: 1 }),
  threshold: 0.5,
  settleMs: 0,
  concurrency: 100,
});
await loop.status();
process.stdin.once("data", () => void loop.start());
process.stdin.once("end", () => {
  void loop
    .stop()
    .then(() => store.close())
    .then(() => process.exit(0));
});
process.stdout.write("ready\n");
