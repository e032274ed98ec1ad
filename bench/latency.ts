// Score to webhook received, embedded: from the moment a verdict is recorded until the receiver has the request.
//   node --import ./scripts/ts.mjs bench/latency.ts [--traces 1000] [--per-second 100] [--json]
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createFeedbackLoop } from "../src/loop.ts";
import { newId } from "../src/model/id.ts";
import { createServer } from "../src/server/index.ts";
import { openStore } from "../src/store/open-store.ts";

const { values } = parseArgs({
  options: { traces: { type: "string" }, "per-second": { type: "string" }, json: { type: "boolean" } },
});
const traces = Number(values.traces ?? 1000);
const perSecond = Number(values["per-second"] ?? 100);

const folder = mkdtempSync(join(tmpdir(), "loopsmith-latency-"));
const store = await openStore({ dataDir: folder });
const server = createServer({ store });
const scoredAt = new Map<string, number>();
const latencies: number[] = [];

const receiver = createHttpServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { data } = JSON.parse(Buffer.concat(parts).toString("utf8")) as { data: { trace_id: string } };
    const at = scoredAt.get(data.trace_id);
    if (at !== undefined) latencies.push(performance.now() - at);
    response.writeHead(204).end();
  });
});
await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;

const project = await store.projectEnsure({ name: "latency" });
const loop = createFeedbackLoop({
  client: server,
  projectName: project.name,
  evaluator: (run) => {
    scoredAt.set(run.id, performance.now());
    return { key: "ok", score: 0 };
  },
  threshold: 0.5,
  settleMs: 0,
  allowPrivateNetworks: true,
  onFailure: () => ({ action: "webhook", url, secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}` }),
});
await loop.start();

const startedAt = performance.now();
for (let sent = 0; sent < traces; sent += 1) {
  const id = newId();
  const at = Date.now();
  const iso = new Date(at).toISOString();
  const run = {
    id,
    trace_id: id,
    name: "latency",
    run_type: "chain",
    session_name: project.name,
    start_time: iso,
    end_time: iso,
    inputs: { q: sent },
  };
  const response = await server.fetch("http://localhost/runs", { method: "POST", body: JSON.stringify(run) });
  if (!response.ok) throw new Error(`ingest answered ${response.status}: ${await response.text()}`);
  const ahead = ((sent + 1) / perSecond) * 1000 - (performance.now() - startedAt);
  if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
}
const deadline = performance.now() + 60_000;
while (latencies.length < traces && performance.now() < deadline)
  await new Promise((resolve) => setTimeout(resolve, 20));
await loop.stop();
receiver.closeAllConnections();
receiver.close();
await store.close();
rmSync(folder, { recursive: true, force: true });

latencies.sort((a, b) => a - b);
const quantile = (q: number): number =>
  Math.round((latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? NaN) * 10) / 10;
const result = { traces, received: latencies.length, perSecond, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
process.stdout.write(
  values.json
    ? `${JSON.stringify(result)}\n`
    : `${result.received} of ${traces} webhooks received at ${perSecond} traces/s: p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms\n`,
);
process.exitCode = latencies.length === traces ? 0 : 1;
