// What hostile and oversized input costs a running server: the answer, the longest others had to wait, and memory.
//   node --import ./scripts/ts.mjs bench/bad-input.ts [--json]
// The server is a process of its own; while each case runs, another client asks for /info every few milliseconds.
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const { values } = parseArgs({ options: { json: { type: "boolean" } } });
const MB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), "loopsmith-bad-input-"));
const server = fork(new URL("./ingest/serve.ts", import.meta.url), [folder], { stdio: ["ignore", "ignore", 2, "ipc"] });
const message = <T>(): Promise<T> => new Promise((resolve) => server.once("message", (value) => resolve(value as T)));
const { url } = await message<{ url: string }>();

function run(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const id = randomUUID();
  const order = `20261123T100000000000Z${id}`;
  return {
    id,
    trace_id: id,
    dotted_order: order,
    name: "run",
    run_type: "chain",
    session_name: "bad",
    inputs: {},
    ...fields,
  };
}

async function post(path: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<string> {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return new Promise((resolve) => {
    const length = { "content-length": String(bytes.byteLength) };
    const outgoing = request(`${url}${path}`, { method: "POST", headers: { ...length, ...headers } }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(String(answer.statusCode)));
    });
    outgoing.on("socket", (socket) => socket.on("error", () => {}));
    outgoing.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    outgoing.end(bytes);
  });
}

/** A trace of 100,000 spans, in requests of so many. */
function hugeTrace(perRequest: number): () => Promise<string> {
  const root = randomUUID();
  const rootOrder = `20261123T100000000000Z${root}`;
  const bodies: Buffer[] = [];
  for (let from = 0; from < 100_000; from += perRequest) {
    const spans = Array.from({ length: perRequest }, (_, index) => {
      const id = from + index === 0 ? root : randomUUID();
      const dotted_order = id === root ? rootOrder : `${rootOrder}.20261123T100001000000Z${id}`;
      return run({ id, trace_id: root, dotted_order, ...(id === root ? {} : { parent_run_id: root }) });
    });
    bodies.push(Buffer.from(JSON.stringify({ post: spans })));
  }
  return async () => {
    const statuses = new Set<string>();
    for (const body of bodies) statuses.add(await post("/runs/batch", body));
    return [...statuses].join(" ");
  };
}

const deep = 1_000_000;
const filter = `${"and(".repeat(2500)}eq(name,"x")${")".repeat(2500)}`;

/** Each makes its body first, so that only the server's share is measured. */
const cases: Record<string, () => () => Promise<string>> = {
  "100 MB body, one run": () => {
    const body = Buffer.from(JSON.stringify({ post: [run({ inputs: { text: "x".repeat(99 * MB) } })] }));
    return () => post("/runs/batch", body);
  },
  "101 MB body": () => {
    const body = Buffer.alloc(101 * MB, 32);
    return () => post("/runs/batch", body);
  },
  "four 90 MB bodies at once": () => {
    const body = Buffer.from(JSON.stringify({ post: [run({ inputs: { text: "x".repeat(90 * MB) } })] }));
    return async () => {
      const answers = await Promise.all(Array.from({ length: 4 }, () => post("/runs/batch", body)));
      return answers.sort((a, b) => a.localeCompare(b)).join(" ");
    };
  },
  "gzip bomb, 1 GB": () => {
    const body = gzipSync(Buffer.alloc(1024 * MB));
    return () => post("/runs/batch", body, { "content-encoding": "gzip" });
  },
  "nested a million deep": () => {
    const nested = `{"a":${"[".repeat(deep)}${"]".repeat(deep)}}`;
    const body = Buffer.from(`{"post":[${JSON.stringify(run()).replace("{}", nested)}]}`);
    return () => post("/runs/batch", body);
  },
  "filter of 10 kB, nested": () => () => post("/runs/query", JSON.stringify({ session: [randomUUID()], filter })),
  "trace of 100,000 spans, 100 a request": () => hugeTrace(100),
  "trace of 100,000 spans, 20,000 a request": () => hugeTrace(20_000),
};

const results: Record<string, { answer: string; seconds: number; longestWaitMs: number; rssMb: number }> = {};
try {
  for (const [name, prepare] of Object.entries(cases)) {
    const work = prepare();
    let longestWaitMs = 0;
    let peakRss = 0;
    let done = false;
    const heartbeat = (async () => {
      while (!done) {
        const askedAt = performance.now();
        await (await fetch(`${url}/info`)).arrayBuffer();
        longestWaitMs = Math.max(longestWaitMs, performance.now() - askedAt);
        peakRss = Math.max(peakRss, rssOf(server.pid ?? 0));
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    })();
    const startedAt = performance.now();
    const answer = await work();
    const seconds = (performance.now() - startedAt) / 1000;
    done = true;
    await heartbeat;
    results[name] = {
      answer,
      seconds: Math.round(seconds * 100) / 100,
      longestWaitMs: Math.round(longestWaitMs),
      rssMb: Math.round(peakRss / MB),
    };
    if (!values.json) process.stdout.write(`${name.padEnd(44)} ${JSON.stringify(results[name])}\n`);
  }
  server.send("stop");
  const { peakRssBytes } = await message<{ peakRssBytes: number }>();
  const peakRssMb = Math.round(peakRssBytes / MB);
  if (values.json) process.stdout.write(`${JSON.stringify({ peakRssMb, cases: results })}\n`);
  else process.stdout.write(`peak memory of the server: ${peakRssMb} MB\n`);
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
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
