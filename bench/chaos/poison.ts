// Evaluators that do what must never reach the server. Loaded in isolated processes; see `poisoned.ts`.
import { spawn } from "node:child_process";

export function loopsForEver(): number {
  for (;;);
}

export function allocates(): number {
  const kept: Buffer[] = [];
  for (;;) kept.push(Buffer.alloc(8 << 20, 1));
}

export function forks(): number {
  for (;;) spawn(process.execPath, ["-e", "for(;;);"], { stdio: "ignore", detached: true });
}
