import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { LangSmithRun } from "../../wire/langsmith-run.ts";

/** Evaluators that do what they must not. Loaded in an isolated process only. */

export function loopsForEver(): number {
  for (;;);
}

export function allocatesObjects(): number {
  const kept: string[][] = [];
  for (;;) kept.push(["a", "b"].map((letter) => letter + kept.length));
}

/** Swallows the error, as a library might, and goes on. */
export function allocatesBuffers(): number {
  const kept: Buffer[] = [];
  for (;;) {
    try {
      kept.push(Buffer.alloc(8 << 20, 1));
    } catch {
      kept.push(Buffer.alloc(1, 1));
    }
  }
}

export function allocatesUntilItThrows(): never {
  const kept: Buffer[] = [];
  for (;;) kept.push(Buffer.alloc(8 << 20, 1));
}

export function allocatesUntilRefused(): { score: number } {
  const kept: Buffer[] = [];
  try {
    for (;;) kept.push(Buffer.alloc(8 << 20, 1));
  } catch {
    return { score: kept.length * 8 };
  }
}

export function forks(): number {
  for (;;) spawn(process.execPath, ["-e", "for(;;);"], { stdio: "ignore", detached: true });
}

export function runsShell(): number {
  return execFileSync("/bin/echo", ["1"]).length;
}

export function startsThread(): number {
  return new Worker("for(;;);", { eval: true }).threadId;
}

export function writesFile({ inputs }: { inputs: { path?: string } }): number {
  writeFileSync(inputs.path ?? "", "was here");
  return 1;
}

export async function callsHome({ inputs }: { inputs: { url?: string } }): Promise<number> {
  const response = await fetch(inputs.url ?? "");
  return response.status;
}

export function exits(): number {
  process.exit(0);
}

export function talksTooMuch(): { score: number; comment: string } {
  return { score: 1, comment: "x".repeat(4 << 20) };
}

export function printsTooMuch(): number {
  for (let line = 0; line < 20_000; line += 1) process.stdout.write(`${"noise".repeat(20)}\n`);
  return 1;
}

export function throwsLater(): Promise<number> {
  setTimeout(() => {
    throw new Error("nobody caught me");
  }, 1);
  return new Promise(() => {});
}

export function readsSecrets(): { score: number; comment: string } {
  return { score: Object.keys(process.env).length, comment: JSON.stringify(process.env) };
}

export function returnsRubbish(): string {
  return "fine";
}

export function throws(): number {
  throw new Error("no idea");
}

let calls = 0;
/** Whether it runs in the same process as before. */
export function counts(): number {
  calls += 1;
  return calls;
}

export function readsItself(run: LangSmithRun): { score: number; comment: string } {
  return { score: readFileSync(import.meta.filename, "utf8").length > 0 ? 1 : 0, comment: run.name };
}
