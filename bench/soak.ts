// Runs server, loop and webhooks at a steady rate and watches memory, lag and handles.
//   node --import ./scripts/ts.mjs bench/soak.ts [--minutes 60] [--per-second 50] [--stored 0] [--json]
// --stored begins with so many traces judged already, as after hours. heapMb is what is left after a garbage collection,
// buffers included; the slope is that after the first fifth of the time.
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { parseArgs } from "node:util";
import { runInNewContext } from "node:vm";
import { newId } from "../src/model/id.ts";
import { randomSource } from "../src/internal/random.ts";
import { createServer } from "../src/server/index.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { chaosLoop, PROJECT } from "./chaos/chaos-loop.ts";
import { startReceiver } from "./chaos/receiver.ts";
import { sendLoad } from "./chaos/send-load.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    "per-second": { type: "string", default: "50" },
    stored: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
const perSecond = Number(values["per-second"]);
/** The first share of the time fills caches and warms the compiler; the slope is that of the rest. */
const WARM_UP = 0.2;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Sample {
  minute: number;
  heapMb: number;
  rssMb: number;
  lagMs: number;
  handles: number;
  walMb: number;
}

const folder = mkdtempSync(join(tmpdir(), "loopsmith-soak-"));
const store = await sqliteStore({ path: join(folder, "l.db") });
const server = createServer({ store });
const receiver = await startReceiver({ random: randomSource(1), lostAcks: 0 });
// What the receiver remembers of ids is the test's own memory, not the product's.
const forget = setInterval(() => receiver.ids.clear(), 1_000);
const loop = chaosLoop({ client: server, receiver: receiver.url });
let judged = 0;
loop.on("trace:judged", () => (judged += 1));
await loop.start();
await judgeAll(Number(values.stored));
const acknowledged = new Set<string>();
let sent = 0;
const BATCH = 10;
const send: typeof fetch = (input, init) => server.fetch(input as string, init);
const load = sendLoad("http://loopsmith.internal", acknowledged, {
  senders: 1,
  batch: BATCH,
  everyMs: (BATCH / perSecond) * 1_000,
  send,
});

const samples: Sample[] = [];
const startedAt = performance.now();
const stepMs = Math.min(30_000, (minutes * 60_000) / 20);
while (performance.now() - startedAt < minutes * 60_000) {
  await new Promise((resolve) => setTimeout(resolve, stepMs));
  sent += acknowledged.size;
  acknowledged.clear();
  const { lagMs } = await loop.status();
  collectGarbage();
  const memory = process.memoryUsage();
  const sample: Sample = {
    minute: (performance.now() - startedAt) / 60_000,
    heapMb: (memory.heapUsed + memory.external) / 1e6,
    rssMb: memory.rss / 1e6,
    lagMs,
    handles: process.getActiveResourcesInfo().length,
    walMb: sizeOf(folder, "-wal") / 1e6,
  };
  samples.push(sample);
  const told = Object.entries(sample).map(([name, value]: [string, number]) => `${name} ${round(value)}`);
  process.stderr.write(`${told.join("  ")}  sent ${sent}  judged ${judged}\n`);
}
await load.stop();
sent += acknowledged.size;
// A loop that is stopped begins nothing more, and what came last may not have been begun.
for (const until = performance.now() + 30_000; judged < sent && performance.now() < until;) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
await loop.stop();
clearInterval(forget);
await receiver[Symbol.asyncDispose]();
await store.close();
rmSync(folder, { recursive: true, force: true });

const steady = samples.filter(({ minute }) => minute >= minutes * WARM_UP);
const perHour = (pick: (sample: Sample) => number): number => round(slope(steady, pick) * 60);
const last = samples.at(-1);
const result = {
  minutes,
  sent,
  judged,
  heapMbPerHour: perHour(({ heapMb }) => heapMb),
  rssMbPerHour: perHour(({ rssMb }) => rssMb),
  lagMsPerHour: perHour(({ lagMs }) => lagMs),
  worstLagMs: round(Math.max(...steady.map(({ lagMs }) => lagMs))),
  handlesAtFirst: steady[0]?.handles ?? 0,
  handlesAtLast: last?.handles ?? 0,
  worstWalMb: round(Math.max(...samples.map(({ walMb }) => walMb))),
};
process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
process.exitCode = judged >= sent && result.heapMbPerHour < 2 ? 0 : 1;
process.exit();

/** Brings the store where it is after so many traces. */
async function judgeAll(count: number): Promise<void> {
  for (let at = 0; at < count; at += 500) {
    const now = Date.now();
    const spans = Array.from({ length: Math.min(500, count - at) }, () => {
      const id = newId();
      const times = { startAt: now - 1_000, endAt: now };
      return { op: "post" as const, id, traceId: id, projectName: PROJECT, name: "stored", kind: "chain", ...times };
    });
    await server.store.spanIngest({ spans });
  }
  while (judged < count) await new Promise((resolve) => setTimeout(resolve, 1_000));
  if (count > 0) process.stderr.write(`${judged} traces are judged\n`);
  judged = 0;
}

/** Least squares: units a minute. */
function slope(points: readonly Sample[], pick: (sample: Sample) => number): number {
  const n = points.length;
  const meanX = points.reduce((sum, point) => sum + point.minute, 0) / n;
  const meanY = points.reduce((sum, point) => sum + pick(point), 0) / n;
  let [over, under] = [0, 0];
  for (const point of points) {
    over += (point.minute - meanX) * (pick(point) - meanY);
    under += (point.minute - meanX) ** 2;
  }
  return under === 0 ? 0 : over / under;
}

function sizeOf(path: string, ending: string): number {
  const name = readdirSync(path).find((file) => file.endsWith(ending));
  return name === undefined ? 0 : statSync(join(path, name)).size;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
