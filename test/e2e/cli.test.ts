import { spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openStore } from "../../src/store/open-store.ts";
import type { RunReport } from "../../src/cli/summary.ts";
import type { RemedyReport } from "../../src/cli/demo/run-remedy.ts";
import { ended, startLoopsmith } from "./loopsmith-process.ts";

const BIN = join(import.meta.dirname, "../../bin/loopsmith.js");
const folder = mkdtempSync(join(tmpdir(), "loopsmith-e2e-"));

function loopsmith(
  args: readonly string[],
  env: Record<string, string> = {},
): { status: number | null; stdout: string; stderr: string } {
  const { LANGSMITH_ENDPOINT: _endpoint, ...inherited } = process.env;
  const options = { encoding: "utf8" as const, env: { ...inherited, LOOPSMITH_PORT: "0", ...env }, timeout: 240_000 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], options);
  return { status, stdout, stderr };
}

function json<T>(args: readonly string[], env: Record<string, string> = {}): T {
  const { status, stdout, stderr } = loopsmith([...args, "--json"], env);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

// Whole processes: on a busy machine they take their time, and only hanging is a failure.
vi.setConfig({ testTimeout: 300_000 });

describe("loopsmith demo", () => {
  it("ends with every failure queued, delivered, verified and explained", () => {
    const report = json<RunReport>(["demo"]);
    expect(report.traces).toBe(200);
    expect(report.failures).toBeGreaterThan(10);
    expect(report.queue).toEqual({ name: "low-faithfulness-review", items: report.failures });
    expect(report.webhooks).toEqual({ delivered: report.failures, verified: report.failures });
    expect(report.culprits).toHaveLength(report.failures);
    expect(report.patterns.some((pattern) => pattern.q < 0.05 && pattern.riskRatioInterval[0] > 1)).toBe(true);
  });

  it("goes on to a fix that passes the gate, and not to one that only knows what it was shown", () => {
    const report = json<RemedyReport>(["demo", "--remedy"]);
    const verdicts = new Map(report.candidates.map(({ name, verdict }) => [name, verdict]));
    expect(verdicts.get("visible questions by heart")).toMatch(/FAIL|INCONCLUSIVE/);
    expect(report.promoted).not.toBeNull();
    expect(verdicts.get(report.promoted ?? "")).toBe("PASS");
    expect(report.after.failureRate).toBeLessThan(report.before.failureRate / 2);
    expect(report.after.patternSignificant).toBe(false);
  });
});

describe("a loop file", () => {
  it.each(["ts", "mts", "mjs"])("imports every entry of the package by name (.%s)", (extension) => {
    // No node_modules are near, and a URL would write the blank otherwise.
    const home = mkdtempSync(join(folder, "loop file "));
    const [file, labels] = [join(home, `loop.${extension}`), join(home, "labels.jsonl")];
    const cases = Array.from({ length: 40 }, (_, at) => ({ inputs: {}, outputs: { a: "yes" }, failed: at % 2 === 0 }));
    writeFileSync(labels, cases.map((one) => JSON.stringify(one)).join("\n"));
    writeFileSync(
      file,
      `import { defineLoop } from "loopsmith";
       import { length } from "loopsmith/evaluators";
       import { createServer } from "loopsmith/server";
       if (typeof createServer !== "function") throw new Error("no server");
       export default defineLoop({ projectName: "p", evaluator: length({ max: 9 }), threshold: 0.5 });`,
    );
    const report = json<{ checks: { evaluator: string }[] }>(["evaluators", "check", file, "--labels", labels]);
    expect(report.checks.map(({ evaluator }) => evaluator)).toEqual(["length"]);
  });
});

const recording = join(import.meta.dirname, "../../../shared/data/tau-bench-airline/gpt-4o-runs.json");

// Recorded runs of a real agent; they are no part of the project, so elsewhere there is nothing to replay.
describe.skipIf(!existsSync(recording))("examples/agent-triage.ts", () => {
  const example = join(import.meta.dirname, "../../examples/agent-triage.ts");

  it("routes the recorded failures once, also when it runs again and when it is killed half-way", async () => {
    const dataDir = join(folder, "triage");
    const env = { LOOPSMITH_DATA_DIR: dataDir };
    const child = startLoopsmith(["run", example, "--json"], env);
    const done = ended(child);
    await untilJudged(child, dataDir);
    child.kill("SIGKILL");
    expect(await done).toMatchObject({ status: null, stdout: "" });
    for (let run = 0; run < 2; run += 1) {
      const report = json<RunReport>(["run", example], env);
      const queue = { name: "agent-triage", items: 68 };
      expect(report).toMatchObject({ total: { traces: 120, failures: 68, unscored: 0, notJudged: 0 }, queue });
      expect(report.culprits).toHaveLength(report.failures);
      if (run === 1) expect(report).toMatchObject({ traces: 0, failures: 0 });
    }
    const status = json<{ loops: { verdicts: Record<string, number> }[] }>(["status"], env);
    expect(status.loops[0]?.verdicts).toMatchObject({ fail: 68, pass: 52 });
  });
});

/** Waits until the first verdict is in the folder's database, looking in as a reading command does. */
async function untilJudged(child: ChildProcess, dataDir: string): Promise<void> {
  while (child.exitCode === null) {
    await using store = await openStore({ dataDir });
    for (const { id } of await store.loopList()) {
      const { pass, fail } = await store.verdictCounts({ loopId: id });
      if (pass + fail > 0) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("it ended before it could be killed");
}

describe("bad input", () => {
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const env = { LOOPSMITH_DATA_DIR: join(folder, "empty") };

  it.each([
    [["run", "no-such-file.ts"], 3, /there is no file/],
    [["patterns"], 3, /there is no database/],
    [["status", "--data-dir", join(folder, "mistyped")], 3, /there is no database in .*mistyped/],
    [["status", "--frobnicate"], 2, /^error: unknown option '--frobnicate'\n {2}hint: /],
    [["frobnicate"], 2, /unknown command/],
    [["demo", "--questions", "many"], 2, /--questions is many/],
    [["replay"], 2, /nothing was chosen/],
    [["replay", "--all", "--state", "pending"], 2, /--state is pending/],
    [["replay", "--all", "--kind", "foo"], 2, /--kind is foo/],
    [["deliveries", "--state", "lost"], 2, /--state is lost/],
    [["export", "hooks", "--out", join(folder, "nonexist", "x")], 3, /there is no folder .*nonexist/],
    [["serve", "--host", "0.0.0.0", "--port", "0"], 4, /LOOPSMITH_API_KEY|apiKey|key/],
    [["worker", "x.ts"], 2, /LOOPSMITH_DATABASE_URL/],
  ])("%j exits %i and says what to do", (args, status, message) => {
    const result = loopsmith(args, env);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toContain("hint:");
    expect(result.status).toBe(status);
  });

  it.each([
    [["run", "no-such-file.ts", "--once"], 3, "not_found"],
    [["deliveries", "--state", "lost"], 2, "invalid"],
    [["status", "--no-such-option"], 2, "invalid"],
  ])("%j --json says in JSON what is wrong", (args, status, code) => {
    const result = loopsmith([...args, "--json"], env);
    expect(result).toMatchObject({ status, stdout: "" });
    const text = expect.any(String) as string;
    expect(JSON.parse(result.stderr)).toEqual({ error: { code, message: text, hint: text } });
  });

  it("takes loopsmith.config.ts of the current folder when no file is named", () => {
    const empty = mkdtempSync(join(folder, "config-"));
    const options = { cwd: empty, encoding: "utf8" as const, env: { ...process.env, LOOPSMITH_PORT: "0", ...env } };
    const run = (): { status: number | null; stderr: string } =>
      spawnSync(process.execPath, [BIN, "run", "--once"], options);
    expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining("no loopsmith.config.ts") as string });
    const config = "export default { projectName: 'from config', evaluator: () => 1, threshold: 0.5 };";
    writeFileSync(join(empty, "loopsmith.config.ts"), config);
    expect(run()).toMatchObject({ status: 3, stderr: expect.stringContaining('"from config"') as string });
  });

  it("names what is wrong with a loop file", () => {
    const syntax = loopsmith(["run", file("syntax.ts", "export default {{"), "--once"], env);
    expect(syntax).toMatchObject({ status: 2, stderr: expect.stringContaining("does not load") as string });
    const none = loopsmith(["run", file("none.ts", "export const x = 1;"), "--once"], env);
    expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining("exports no loop") as string });
    const threshold = file("threshold.ts", "export default { projectName: 'p', evaluator: () => 1, threshold: 70 };");
    expect(loopsmith(["run", threshold, "--once"], env)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("threshold is 70") as string,
    });
    const project = file(
      "project.ts",
      "export default { projectName: 'nowhere', evaluator: () => 1, threshold: 0.5 };",
    );
    expect(loopsmith(["run", project, "--once"], env)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('no project is named "nowhere"') as string,
    });
    const awaited = file(
      "awaited.ts",
      "export default { projectName: 'later', evaluator: () => 1, threshold: 0.5, waitForProject: true };",
    );
    expect(loopsmith(["run", awaited, "--once"], env)).toMatchObject({ status: 0, stderr: "" });
    const address = loopsmith(["run", project, "--once"], { ...env, LANGSMITH_ENDPOINT: "notaurl" });
    expect(address).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("LANGSMITH_ENDPOINT is notaurl") as string,
    });
    const unreachable = loopsmith(["run", project, "--once"], { ...env, LANGSMITH_ENDPOINT: "http://127.0.0.1:9" });
    expect(unreachable).toMatchObject({ status: 5, stderr: expect.stringContaining("LANGSMITH_ENDPOINT") as string });
  });
});
