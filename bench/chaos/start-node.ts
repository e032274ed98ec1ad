import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { compileNode } from "./compile.ts";

export type ChaosDatabase = { path: string; synchronous?: "full" | "normal" | "off" } | { url: string; schema: string };

/** The guarantees that can be broken on purpose; see `broken-store.ts` and `node.ts`. */
export type Broken = "answer-first" | "dual-write" | "never-reconnects" | "waits-for-locks";

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
  /** Watches and judges, judges what there is of the past, or only takes traces in. @default "watch" */
  work?: "watch" | "backfill" | "none";
  /** The guarantee to break on purpose. */
  broken?: Broken;
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

/** A process that has loaded its code and opened nothing yet, so that beginning costs little. */
export interface PreparedNode {
  /** Resolves once it listens. @throws Error when it ends before */
  begin(options: NodeOptions): Promise<RunningNode>;
  kill(): Promise<void>;
}

export async function prepareNode(): Promise<PreparedNode> {
  const child = spawn(process.execPath, [await compileNode()], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  child.stdin.on("error", () => undefined);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await closed;
  };
  return {
    kill,
    async begin(options) {
      child.stdin.write(`${JSON.stringify(options)}\n`);
      const said = await Promise.race([once(child.stdout, "data"), closed.then(() => null)]);
      if (!said) throw new Error("the process under test ended before it listened");
      const { url } = JSON.parse(String(said[0])) as { url: string };
      return {
        url,
        process: child,
        kill,
        async stop() {
          child.stdin.end();
          const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
          await closed;
          clearTimeout(timer);
        },
      };
    },
  };
}

/** Starts the process under test and waits until it listens. @throws Error when it ends before */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  return (await prepareNode()).begin(options);
}
