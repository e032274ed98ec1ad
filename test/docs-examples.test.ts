import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "loopsmith-examples-"));

function node(
  args: readonly string[],
  env: Record<string, string> = {},
): { status: number | null; stdout: string; stderr: string } {
  const { LANGSMITH_ENDPOINT: _endpoint, ...inherited } = process.env;
  return spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...inherited, LOOPSMITH_PORT: "0", LOOPSMITH_DATA_DIR: join(folder, "data"), ...env },
  });
}

// Whole processes: on a busy machine they take their time, and only hanging is a failure.
vi.setConfig({ testTimeout: 300_000 });

describe("examples/minimal.ts", () => {
  it("is the README's loop, runs by itself, and puts what failed into a queue", () => {
    const [, loop = ""] = /^```ts\n([\s\S]*?)^```/m.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
    const options = loop.split("\n").filter((line) => /^ {2}\w+:/.test(line) && !line.includes("client:"));
    expect(options.length).toBe(4);
    const example = readFileSync(join(ROOT, "examples/minimal.ts"), "utf8").split("\n");
    const code = (line: string): string => line.replace(/ *\/\/.*/, "");
    expect(options.filter((line) => !example.some((other) => code(other) === code(line)))).toEqual([]);
    const { status, stdout, stderr } = node(["--import", "./scripts/ts.mjs", "examples/minimal.ts"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain("2 of 3 traces failed");
    expect(stdout.split("\n").filter((line) => line.startsWith("- "))).toHaveLength(2);
  });
});
