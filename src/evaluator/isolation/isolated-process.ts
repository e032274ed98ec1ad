import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { nodeArguments } from "../../internal/node-arguments.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { SYSTEM_PATH, type Fence } from "./fence.ts";
import type { ResolvedIsolation } from "./isolation-options.ts";
import { ANSWER_FD, type IsolatedAnswer, type IsolatedCall, type IsolatedModule } from "./protocol.ts";

/** A process of its own in which an evaluator answers one call at a time. */
export interface IsolatedProcess {
  /** Calls answered so far. */
  readonly calls: number;
  readonly isAlive: boolean;
  /**
   * @throws LoopsmithError `evaluator_failed` with `details.reason` `killed` when the process ended, or answered too much;
   * what the evaluator threw
   */
  call(call: IsolatedCall): Promise<unknown>;
  /** Ends it and everything it started, at once. */
  kill(): void;
}

/** Longest answer taken; scores with their comments are far below. */
const MAX_ANSWER_BYTES = 1 << 20;
/** How much of what it printed last is kept, to say why it ended. */
const LAST_WORDS_BYTES = 4_096;

/** What V8, and Node since 26, throw when the system refuses them more. */
const REFUSED_MEMORY: ReadonlySet<string> = new Set(["Array buffer allocation failed", "Failed to allocate memory"]);

const alive = new Set<IsolatedProcess>();
process.once("exit", () => {
  for (const one of alive) one.kill();
});

export function startIsolated(
  fence: Fence,
  settings: IsolatedModule,
  options: Pick<ResolvedIsolation, "memoryMb" | "env">,
): IsolatedProcess {
  const script = nodeArguments(new URL("./child", import.meta.url), import.meta.url);
  const child = spawn(fence.command, [...fence.args, ...fence.nodeArgs, ...script], {
    // A group of its own, so that one kill reaches whatever it started.
    detached: true,
    env: { PATH: SYSTEM_PATH, ...options.env },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  let waiting: { resolve(value: unknown): void; reject(error: unknown): void } | null = null;
  let calls = 0;
  let answer = "";
  let lastWords = "";
  let reason: string | null = null;

  const finish = (settle: (call: NonNullable<typeof waiting>) => void): void => {
    const current = waiting;
    waiting = null;
    if (current) settle(current);
  };
  const died = (): void => {
    alive.delete(isolated);
    const { exitCode, signalCode } = child;
    const why = reason ?? causeOfDeath(lastWords, exitCode, signalCode, options.memoryMb);
    finish(({ reject }) => reject(killed(settings.name, why, lastWords)));
  };
  const isolated: IsolatedProcess = {
    get calls() {
      return calls;
    },
    get isAlive() {
      return alive.has(isolated);
    },
    call: (call) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (!alive.has(isolated)) return died();
        child.stdin?.write(`${JSON.stringify(call)}\n`);
      }),
    kill() {
      alive.delete(isolated);
      killGroup(child);
    },
  };
  alive.add(isolated);

  const listen = (stream: Readable | null | undefined, onData: (text: string) => void): void => {
    stream?.setEncoding("utf8").on("data", onData);
    // It must not keep this process from ending.
    (stream as unknown as { unref?: () => void })?.unref?.();
  };
  const remember = (text: string): void => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_BYTES);
  };
  listen(child.stdout, remember);
  listen(child.stderr, remember);
  listen(child.stdio[ANSWER_FD] as Readable, (text) => {
    answer += text;
    if (answer.length > MAX_ANSWER_BYTES) {
      reason = `it answered more than ${MAX_ANSWER_BYTES >> 20} MB`;
      return isolated.kill();
    }
    const end = answer.indexOf("\n");
    if (end < 0) return;
    const line = answer.slice(0, end);
    answer = "";
    calls += 1;
    finish(({ resolve, reject }) => readAnswer(line, options.memoryMb, resolve, reject));
  });
  child.stdin?.on("error", () => undefined);
  child.stdin?.write(`${JSON.stringify(settings)}\n`);
  (child.stdin as unknown as { unref?: () => void })?.unref?.();
  child.on("error", (error) => {
    reason = `its process did not start (${error.message})`;
    died();
  });
  // Not "exit": what it said last must have been read.
  child.on("close", died);
  child.unref();
  return isolated;
}

function readAnswer(
  line: string,
  memoryMb: number,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): void {
  let answer: IsolatedAnswer;
  try {
    answer = JSON.parse(line) as IsolatedAnswer;
  } catch (error) {
    return reject(error);
  }
  const { error } = answer;
  if (!error) return resolve(answer.scores);
  const { message, code, hint, details } = error;
  // The evaluator heard of the limit before anything had to end it.
  if (REFUSED_MEMORY.has(message)) return reject(new Error(`${memoryReached(memoryMb)}: ${message}`));
  if (code === undefined || hint === undefined) return reject(new Error(message));
  reject(new LoopsmithError(code, message, { hint, ...(details && { details }) }));
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function causeOfDeath(said: string, code: number | null, signal: string | null, memoryMb: number): string {
  if (/out of memory|allocation failed|bad_alloc|cannot allocate memory/i.test(said)) {
    return memoryReached(memoryMb);
  }
  return signal === null ? `its process ended with exit code ${code} before it answered` : `its process got ${signal}`;
}

function memoryReached(memoryMb: number): string {
  return `its memory limit of ${memoryMb} MB was reached`;
}

function killed(name: string, why: string, lastWords: string): LoopsmithError {
  const said = lastWords.trim().split("\n").at(-1);
  return new LoopsmithError("evaluator_failed", `Evaluator "${name}" was killed: ${why}`, {
    hint: "Fix the evaluator, or grant more under `isolate`; the others go on.",
    details: { evaluator: name, reason: "killed", retryable: false, ...(said && { lastWords: said }) },
  });
}
