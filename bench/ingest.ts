// Sustained ingest over HTTP, next to what the bare database takes in the same run.
//   node --import ./scripts/ts.mjs bench/ingest.ts [--seconds 60] [--clients 16] [--postgres] [--json]
// Server, clients and the bare database are processes of their own on the same machine. A span is about 2 KB; every
// acknowledgement comes after an fsync. p99Ms is from sending a request of 100 spans to its acknowledgement.
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPostgres } from "../scripts/postgres.mjs";

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    clients: { type: "string" },
    postgres: { type: "boolean" },
    json: { type: "boolean" },
  },
});
const seconds = Number(values.seconds ?? 60);
const clients = Number(values.clients ?? 16);

function child(name: string, args: string[]): ChildProcess {
  const file = new URL(`./ingest/${name}.ts`, import.meta.url);
  // What a child has to say goes to stderr: stdout is for the one JSON object.
  return fork(file, args, { stdio: ["ignore", 2, 2, "ipc"] });
}

async function answer<T>(process: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    process.once("message", (message) => resolve(message as T));
    process.once("exit", (code) => reject(new Error(`a child ended with code ${code} before it answered`)));
  });
}

const folder = mkdtempSync(join(tmpdir(), "loopsmith-ingest-"));
const postgres = values.postgres ? await startPostgres() : null;
if (postgres && postgres.url === null) throw new Error(`no PostgreSQL: ${postgres.note}`);
const database = postgres?.url ?? "";
try {
  const server = child("serve", [folder, database]);
  const { url } = await answer<{ url: string }>(server);
  const clientsProcess = child("load", [url, String(clients), String(seconds)]);
  await answer<"warm">(clientsProcess);
  server.send("begin");
  const load = await answer<{
    spans: number;
    warmUp: number;
    seconds: number;
    p50Ms: number;
    p99Ms: number;
    maxMs: number;
    refused: number;
    cpuSeconds: number;
  }>(clientsProcess);
  server.send("stop");
  const served = await answer<{
    stored: number;
    cpuSeconds: number;
    rssBytes: number;
    stallMs: number;
    isBuilt: boolean;
  }>(server);
  if (served.stored !== load.spans + load.warmUp) {
    throw new Error(`${load.spans + load.warmUp} spans were acknowledged, but ${served.stored} are stored`);
  }
  const rawSeconds = String(Math.max(2, Math.min(10, seconds / 4)));
  const ceiling = postgres
    ? child("raw-postgres", [database, rawSeconds])
    : child("raw", [folder, rawSeconds, String(clients)]);
  const raw = await answer<{ rowsPerSecond: number }>(ceiling);
  const spansPerSecond = load.spans / load.seconds;
  const result = {
    spansPerSecond: Math.round(spansPerSecond),
    p99Ms: round(load.p99Ms),
    rawRowsPerSecond: Math.round(raw.rowsPerSecond),
    ratio: round(spansPerSecond / raw.rowsPerSecond),
    p50Ms: round(load.p50Ms),
    maxMs: round(load.maxMs),
    spans: load.spans,
    refused: load.refused,
    serverCpuMicrosPerSpan: round((served.cpuSeconds * 1e6) / load.spans),
    clientCpuMicrosPerSpan: round((load.cpuSeconds * 1e6) / load.spans),
    longestStallMs: round(served.stallMs),
    build: served.isBuilt ? "dist" : "src",
    serverRssMb: Math.round(served.rssBytes / 1024 / 1024),
    store: postgres ? "postgres" : "sqlite",
    clients,
    seconds,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else for (const [name, value] of Object.entries(result)) process.stdout.write(`${name.padEnd(24)} ${value}\n`);
} finally {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
