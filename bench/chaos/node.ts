// What the chaos kills: server, loop and webhooks in one process. Its argument is a JSON object, see NodeOptions.
// Says `{"url": ...}` on stdout once it listens; ends in good order when stdin does.
import { createServer, listen } from "../../src/server/index.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { chaosLoop } from "./chaos-loop.ts";
import type { NodeOptions } from "./start-node.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as NodeOptions;
const { database } = options;
const real =
  "path" in database
    ? await sqliteStore(database)
    : await postgresStore({ poolSize: options.poolSize ?? 6, ...database });

/** The negative control of every outbox: writes the verdict first and its deliveries in a second step. */
const dualWrite: typeof real.verdictRecord = async ({ records }) => {
  const recorded = await real.verdictRecord({ records: records.map((record) => ({ ...record, deliveries: [] })) });
  const deliveries = records.flatMap((record) => (recorded.has(record.verdict.id) ? record.deliveries : []));
  setTimeout(() => void real.deliveryAdd({ deliveries }), 200);
  return recorded;
};

const store = options.broken === "dual-write" ? { ...real, verdictRecord: dualWrite } : real;
const server = createServer({ store });

/** The negative control: acknowledges first and writes afterwards. */
const answerFirst: typeof server.fetch = (input, init) => {
  const request = new Request(input, init);
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
if (options.loop !== false) await loop.start();
process.stdout.write(`${JSON.stringify({ url: listening.url })}\n`);
process.stdin.once("end", () => {
  void loop
    .stop({ timeoutMs: 2_000 })
    .then(() => listening.close({ graceMs: 500 }))
    .then(() => store.close())
    .finally(() => process.exit(0));
});
process.stdin.resume();
