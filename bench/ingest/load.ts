// Child of bench/ingest.ts: so many clients send spans for so long, each its next request when the last is acknowledged.
import { Agent, request } from "node:http";
import { bodyTemplate, CONTENT_TYPE, SPANS_PER_REQUEST } from "./bodies.ts";

const [url = "", clients = "16", seconds = "60"] = process.argv.slice(2);
const target = new URL("/runs/multipart", url);
const agent = new Agent({ keepAlive: true, maxSockets: Number(clients) });
/** Compilers and caches settle before anything is counted. */
const WARM_UP_MS = 3000;
const latencies: number[] = [];
let refused = 0;

async function send(body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": CONTENT_TYPE, "content-length": body.byteLength };
    const outgoing = request(target, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function client(until: number): Promise<number> {
  const template = bodyTemplate();
  let acknowledged = 0;
  while (performance.now() < until) {
    const body = template.fill();
    const startedAt = performance.now();
    const status = await send(body);
    if (status === 202) {
      acknowledged += SPANS_PER_REQUEST;
      latencies.push(performance.now() - startedAt);
    } else {
      refused += 1;
    }
  }
  return acknowledged;
}

/** All clients for so long; tells how many spans were acknowledged. */
async function load(ms: number): Promise<number> {
  const until = performance.now() + ms;
  const counts = await Promise.all(Array.from({ length: Number(clients) }, () => client(until)));
  return counts.reduce((sum, count) => sum + count, 0);
}

const warmUp = await load(WARM_UP_MS);
latencies.length = 0;
const before = process.cpuUsage();
process.send?.("warm");
const startedAt = performance.now();
const spans = await load(Number(seconds) * 1000);
const elapsed = (performance.now() - startedAt) / 1000;
latencies.sort((a, b) => a - b);
const cpu = process.cpuUsage(before);
process.send?.({
  spans,
  warmUp,
  seconds: elapsed,
  p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
  p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
  maxMs: latencies.at(-1) ?? 0,
  refused,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
});
agent.destroy();
process.disconnect();
