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

describe("examples/agent-triage.ts without its recordings", () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it.each([
    ["names a file that is not there", join(folder, "none.json"), 3],
    ["is given text", file("text.json", "no recordings"), 2],
    ["is given other JSON", file("other.json", '[{ "task_id": 1 }]'), 2],
  ])("%s: says where they come from and exits by the table", (_case, path, code) => {
    const { status, stderr } = node(["bin/loopsmith.js", "run", "examples/agent-triage.ts"], { AGENT_RUNS: path });
    expect(stderr).toContain(path);
    expect(stderr).toContain("hint: Set AGENT_RUNS to");
    expect(stderr).toContain("https://github.com/sierra-research/tau-bench");
    expect(status).toBe(code);
  });

  it("replays recordings of that form", () => {
    const traj = (text: string): object[] => [
      { role: "user", content: "Cancel my flight." },
      { role: "assistant", content: null, tool_calls: [{ id: "1", function: { name: "cancel", arguments: "{}" } }] },
      { role: "tool", tool_call_id: "1", content: text },
      { role: "assistant", content: "Done." },
    ];
    const runs = [0, 1].map((reward) => ({
      task_id: reward,
      trial: 0,
      reward,
      traj: traj(reward === 0 ? "Error: no such flight" : "ok"),
    }));
    const { status, stdout, stderr } = node(["bin/loopsmith.js", "run", "examples/agent-triage.ts", "--json"], {
      AGENT_RUNS: file("runs.json", JSON.stringify(runs)),
    });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ traces: 2, failures: 1, queue: { name: "agent-triage", items: 1 } });
  });
});
