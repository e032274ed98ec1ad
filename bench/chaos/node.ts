// What the chaos kills: server, loop and webhooks in one process. Loads its code, then waits for a line on stdin with a
// JSON object, see NodeOptions. Says `{"url": ...}` on stdout once it listens; ends in good order when stdin does.
import { createInterface } from "node:readline";
import { createServer, listen } from "../../src/server/index.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { brokenStore } from "./broken-store.ts";
import { chaosLoop } from "./chaos-loop.ts";
import type { NodeOptions } from "./start-node.ts";

const input = createInterface({ input: process.stdin });
input.once("line", (line) => void run(JSON.parse(line) as NodeOptions));

async function run(options: NodeOptions): Promise<void> {
  const { database } = options;
  const real =
    "path" in database
      ? await sqliteStore(database)
      : await postgresStore({ poolSize: options.poolSize ?? 6, ...database });
  const store = brokenStore(real, options.broken, database);
  const server = createServer({ store });

  /** The negative control: acknowledges first and writes afterwards. */
  const answerFirst: typeof server.fetch = (asked, init) => {
    const request = new Request(asked, init);
    if (!request.url.endsWith("/runs/batch")) return server.fetch(request);
    const headers = { "content-type": "application/json" };
    const later = (body: ArrayBuffer): void =>
      void setTimeout(() => void server.fetch(request.url, { method: "POST", body, headers }), 20);
    void request.arrayBuffer().then(later);
    return Promise.resolve(Response.json({}, { status: 202 }));
  };

  const fetch = options.broken === "answer-first" ? answerFirst : server.fetch;
  const listening = await listen({ ...server, fetch }, { port: 0 });
  const loop = chaosLoop({ ...options, client: server });
  // What goes wrong under chaos is what is being tested; the verification says whether it mattered.
  loop.on("error", ({ error, during }) => {
    if (options.verbose) process.stderr.write(`${during}: ${String(error)}\n`);
  });
  const { work = "watch" } = options;
  if (work === "watch") await loop.start();
  process.stdout.write(`${JSON.stringify({ url: listening.url })}\n`);
  if (work === "backfill") await loop.backfill({ since: new Date(0) });
  input.once("close", () => {
    void loop
      .stop({ timeoutMs: 2_000 })
      .then(() => listening.close({ graceMs: 500 }))
      .then(() => store.close())
      .finally(() => process.exit(0));
  });
}
