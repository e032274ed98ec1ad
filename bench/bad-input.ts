// What hostile and oversized input costs a running server: the answer, the longest others had to wait, and memory.
//   node --import ./scripts/ts.mjs bench/bad-input.ts [--only <part of a name>] [--overload-seconds 10] [--json]
// The server is a process of its own. While each case runs, one client asks for /info every few milliseconds and another
// sends good runs; at the end every run that was acknowledged must be there.
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { badInputs } from "./bad-input/cases.ts";
import { overload } from "./bad-input/overload.ts";
import { goodRun, post, type Answer } from "./bad-input/requests.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    only: { type: "string" },
    "overload-seconds": { type: "string", default: "10" },
  },
});
const MB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), "loopsmith-bad-input-"));
const server = fork(new URL("./ingest/serve.ts", import.meta.url), [folder], { stdio: ["ignore", "ignore", 2, "ipc"] });
const message = <T>(): Promise<T> => new Promise((resolve) => server.once("message", (value) => resolve(value as T)));
const { url } = await message<{ url: string }>();
server.send("begin");
const asker = new Worker(new URL("./bad-input/asker.ts", import.meta.url), { workerData: url });

interface Result {
  answers: string;
  hint: string;
  seconds: number;
  longestWaitMs: number;
  longestStallMs: number;
  rssMb: number;
}

const results: Record<string, Result> = {};
const acknowledged: string[] = [];
/** What the machine alone makes a client wait: the same question while nothing else is asked. */
let idleWaitMs = 0;
try {
  await beside(async () => [
    await new Promise<Answer>((resolve) => setTimeout(resolve, 2000, { status: "", hint: "" })),
  ]);
  idleWaitMs = (await beside(() => new Promise((resolve) => setTimeout(resolve, 3000, [])))).longestWaitMs;
  for (const [name, prepare] of Object.entries({
    ...badInputs(url),
    overload: () => overload(url, Number(values["overload-seconds"]), acknowledged),
  })) {
    if (values.only !== undefined && !name.includes(values.only)) continue;
    const result = await beside(prepare());
    results[name] = result;
    if (values.json) continue;
    const { answers, seconds, longestWaitMs, longestStallMs, rssMb, hint } = result;
    process.stdout.write(
      `${name.padEnd(44)} ${answers.padEnd(16)} ${String(seconds).padStart(6)} s   longest wait ${String(longestWaitMs).padStart(4)} ms   ` +
        `stall ${String(longestStallMs).padStart(3)} ms   ` +
        `${rssMb} MB   ${hint}\n`,
    );
  }
  const lost = await lostRuns();
  await asker.terminate();
  server.send("stop");
  const { peakRssBytes } = await message<{ peakRssBytes: number }>();
  const summary = {
    peakRssMb: Math.round(peakRssBytes / MB),
    longestWaitMs: Math.max(...Object.values(results).map((result) => result.longestWaitMs)),
    longestStallMs: Math.max(...Object.values(results).map((result) => result.longestStallMs)),
    idleWaitMs,
    acknowledged: acknowledged.length,
    lost: lost.length,
  };
  if (values.json) process.stdout.write(`${JSON.stringify({ ...summary, cases: results })}\n`);
  else for (const [name, value] of Object.entries(summary)) process.stdout.write(`${name.padEnd(44)} ${value}\n`);
  process.exitCode = lost.length === 0 ? 0 : 1;
} finally {
  await asker.terminate();
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}

/** Does the work while others ask and send. */
async function beside(work: () => Promise<Answer[]>): Promise<Result> {
  let peakRss = 0;
  let done = false;
  await longestWait();
  await longestStall();
  const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
  const watching = (async () => {
    while (!done) {
      peakRss = Math.max(peakRss, rssOf(server.pid ?? 0));
      await rest();
    }
  })();
  const sending = (async () => {
    while (!done) {
      const run = goodRun();
      const { status } = await post(`${url}/runs/batch`, JSON.stringify({ post: [run] }));
      if (status === "202") acknowledged.push(run.id);
      await rest();
    }
  })();
  const startedAt = performance.now();
  const answers = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  done = true;
  await Promise.all([watching, sending]);
  const statuses = new Set(answers.map((answer) => answer.status));
  return {
    answers: [...statuses].sort((a, b) => a.localeCompare(b)).join(" "),
    hint: answers.find((answer) => answer.hint !== "")?.hint ?? "",
    seconds: Math.round(seconds * 100) / 100,
    longestWaitMs: await longestWait(),
    longestStallMs: await longestStall(),
    rssMb: Math.round(peakRss / MB),
  };
}

/** Of the questions asked since the last call, the one that waited longest. */
async function longestWait(): Promise<number> {
  asker.postMessage("longest");
  return Math.round(await new Promise<number>((resolve) => asker.once("message", resolve)));
}

/** How long the server's main thread was busy with one thing at most since the last call. */
async function longestStall(): Promise<number> {
  server.send("stall");
  return Math.round((await message<{ stallMs: number }>()).stallMs);
}

async function lostRuns(): Promise<string[]> {
  const lost: string[] = [];
  for (let at = 0; at < acknowledged.length; at += 100) {
    const ids = acknowledged.slice(at, at + 100);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ id: ids, limit: 100, select: ["id"] });
    const answer = await fetch(`${url}/runs/query`, { method: "POST", headers, body });
    const { runs } = (await answer.json()) as { runs: { id: string }[] };
    const found = new Set(runs.map((run) => run.id));
    lost.push(...ids.filter((id) => !found.has(id)));
  }
  return lost;
}

/** Resident bytes of a process, where the system tells (Linux). */
function rssOf(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}
