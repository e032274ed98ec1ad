import { evaluate } from "langsmith/evaluation";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { GateVerdict } from "../../src/remedy/gate-verdict.ts";
import { startServer, type RunningServer } from "../server/official-client.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const BIN = join(import.meta.dirname, "../../bin/loopsmith.js");
const folder = mkdtempSync(join(tmpdir(), "loopsmith-gate-"));
const EXAMPLES = 60;

let running: RunningServer;
const names = { good: "", bad: "", alike: "" };

/** Three experiments of one dataset by the official runner: all right, half right, and half right again. */
beforeAll(async () => {
  running = await startServer();
  const { client } = running;
  const { id: datasetId } = await client.createDataset("gate");
  await client.createExamples({ datasetId, inputs: Array.from({ length: EXAMPLES }, (_, n) => ({ n })) });
  for (const kind of ["good", "bad", "alike"] as const) {
    const results = await evaluate(async ({ n }: { n: number }) => ({ right: kind === "good" || n % 2 === 0 }), {
      data: "gate",
      client,
      experimentPrefix: kind,
      evaluators: [
        ({ outputs }: { outputs: Record<string, unknown> }) => ({ key: "right", score: outputs["right"] ? 1 : 0 }),
      ],
    });
    names[kind] = results.experimentName;
  }
  await client.awaitPendingTraceBatches();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function gate(
  experiment: string,
  baseline: string,
  ...more: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [BIN, "gate", experiment, "--baseline", baseline, "--threshold", "right=0.5", ...more];
  const env = { ...process.env, LANGSMITH_ENDPOINT: running.listening.url, LANGSMITH_API_KEY: "any" };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

it("answers CI over the LangSmith API: 0, 1 or 2, as JSON, and as a summary in markdown", async () => {
  const summary = join(folder, "summary.md");
  const pass = await gate(names.good, names.bad, "--json", "--markdown", summary);
  const verdict = JSON.parse(pass.stdout) as GateVerdict;
  expect([pass.code, verdict.verdict, verdict.pairs, verdict.wins]).toEqual([0, "PASS", EXAMPLES, EXAMPLES / 2]);
  expect(readFileSync(summary, "utf8")).toMatch(/\| good-\S+ \| \*\*PASS\*\* \|/);
  expect((await gate(names.bad, names.good)).code).toBe(1);
  const open = await gate(names.alike, names.bad);
  expect([open.code, open.stdout]).toEqual([2, expect.stringMatching(/About \d+ more examples would decide it/)]);
  expect((await gate("nobody", names.bad)).code).toBe(3);
  const itself = await gate(names.good, names.good);
  expect([itself.code, itself.stderr]).toEqual([2, expect.stringContaining("compared with itself")]);
  const misspelt = await gate(names.good, names.bad, "--threshold", "rihgt=0.5");
  expect([misspelt.code, misspelt.stderr]).toEqual([2, expect.stringMatching(/under "rihgt"[^]*are: right/)]);
});
