// Server, a loop that works, and one loop for each evaluator that does not. Arguments: path of the database, whether the
// endless one is isolated. Says `{"url": ...}` on stdout once it listens; ends in good order when stdin does.
import { fromModule } from "../../src/evaluator/index.ts";
import { createFeedbackLoop } from "../../src/loop.ts";
import { createServer, listen } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { PROJECT } from "./chaos-loop.ts";

const [path = "", isolated] = process.argv.slice(2);
const store = await sqliteStore({ path });
const server = createServer({ store });
const common = {
  client: server,
  projectName: PROJECT,
  threshold: 0.5,
  settleMs: 0,
  waitForProject: true,
  learn: false,
} as const;
const poison = (name: string, isolate: boolean): ReturnType<typeof createFeedbackLoop> =>
  createFeedbackLoop({
    ...common,
    name,
    maxAttempts: 1,
    evaluator: fromModule(new URL("poison.ts", import.meta.url), { export: name, isolate, timeoutMs: 10_000 }),
  });
const loops = [
  createFeedbackLoop({ ...common, name: "healthy", evaluator: () => 1 }),
  poison("loopsForEver", isolated === "true"),
  poison("allocates", true),
  poison("forks", true),
];
for (const loop of loops) loop.on("error", () => undefined);
const listening = await listen(server, { port: 0 });
for (const loop of loops) await loop.start();
process.stdout.write(`${JSON.stringify({ url: listening.url })}\n`);
process.stdin.once("end", () => {
  void Promise.all(loops.map((loop) => loop.stop({ timeoutMs: 2_000 })))
    .then(() => listening.close({ graceMs: 500 }))
    .then(() => store.close())
    .finally(() => process.exit(0));
});
process.stdin.resume();
