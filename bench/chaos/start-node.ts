import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { compileNode } from "./compile.ts";

export type ChaosDatabase = { path: string; synchronous?: "full" | "normal" | "off" } | { url: string; schema: string };

/** How the process under test is set up. */
export interface NodeOptions {
  database: ChaosDatabase;
  /** Where its webhooks go. */
  receiver: string;
  /** Where its evaluator asks; without it, the last digit of the trace id decides (every fourth fails). */
  judge?: string;
  name?: string;
  poolSize?: number;
  pollMs?: number;
  /** Whether it judges, or only takes traces in. @default true */
  loop?: boolean;
  /** The guarantee to break on purpose. */
  broken?: "answer-first" | "dual-write";
  verbose?: boolean;
}

export interface RunningNode {
  url: string;
  process: ChildProcess;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Lets it finish what it has in hand. */
  stop(): Promise<void>;
}

/** Starts the process under test and waits until it listens. @throws Error when it ends before */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const child = spawn(process.execPath, [compileNode(), JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  child.stdin.on("error", () => undefined);
  const said = await Promise.race([once(child.stdout, "data"), closed.then(() => null)]);
  if (!said) throw new Error("the process under test ended before it listened");
  const { url } = JSON.parse(String(said[0])) as { url: string };
  return {
    url,
    process: child,
    async kill() {
      child.kill("SIGKILL");
      await closed;
    },
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await closed;
      clearTimeout(timer);
    },
  };
}
