import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Client } from "pg";

const BIN = join(import.meta.dirname, "../../bin/loopsmith.js");

/** The built command as a process of its own, which sees nothing of this one's LangSmith. */
export function startLoopsmith(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const { LANGSMITH_ENDPOINT: _endpoint, LANGSMITH_API_KEY: _key, ...inherited } = process.env;
  return spawn(process.execPath, [BIN, ...args], {
    env: { ...inherited, LOOPSMITH_PORT: "0", LANGSMITH_API_KEY: "any", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Waits for a process, gathering what it says. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, stdout, stderr };
}

export interface ServeProcess extends AsyncDisposable {
  url: string;
}

export interface OwnDatabase extends AsyncDisposable {
  url: string;
}

/** An empty database beside the one the URL names. */
export async function ownDatabase(url: string): Promise<OwnDatabase> {
  const name = `e2e_${randomUUID().replaceAll("-", "_")}`;
  const run = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await run(`create database ${name}`);
  const own = new URL(url);
  own.pathname = name;
  return { url: own.href, [Symbol.asyncDispose]: () => run(`drop database ${name} with (force)`) };
}

/** Resolves once the process has said it, on either stream; rejects with all it said when it ends before. */
export function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (more: string) => {
        all += more;
        if (all.includes(text)) resolve();
      });
    }
    child.once("close", (code) => reject(new Error(`ended with ${code} and never said "${text}": ${all}`)));
  });
}

/** A real `loopsmith serve` over a folder. */
export async function serveProcess(
  dataDir: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<ServeProcess> {
  const child = startLoopsmith(["serve", "--port", "0", "--data-dir", dataDir, "--json", ...args], env);
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      if (text.includes("\n")) resolve(text);
    });
    child.once("close", (code) => reject(new Error(`serve ended with ${code}`)));
  });
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGTERM");
      await closed;
    },
  };
}
