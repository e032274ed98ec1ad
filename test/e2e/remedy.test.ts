import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import type { RemedyPlan } from "../../src/remedy/remedy-plan.ts";
import type { RemedyState } from "../../src/remedy/remedy-state.ts";

const BIN = join(import.meta.dirname, "../../bin/loopsmith.js");
// Inside the project, so that the file finds its packages as a user's would.
mkdirSync(".tmp", { recursive: true });
const folder = resolve(mkdtempSync(".tmp/remedy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "loopsmith.config.ts");

// Whole processes: on a busy machine they take their time, and only hanging is a failure.
vi.setConfig({ testTimeout: 300_000 });

function loopsmith(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { LANGSMITH_ENDPOINT: _endpoint, ...inherited } = process.env;
  const env = { ...inherited, LOOPSMITH_PORT: "0", LOOPSMITH_DATA_DIR: join(folder, "data") };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

function json<T>(...args: string[]): T {
  const { status, stdout, stderr } = loopsmith(...args, "--json");
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

/** An application that needs more than it retrieves for long questions, its traces, and a remedy for it, in one file. */
const LOOP_FILE = `
import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";
import { defineLoop, defineRemedy, promotePrompt } from "loopsmith";

function answer(question: string, topK: number) {
  const luck = (Number(question.split(" ")[1]) * 0.6180339887) % 1;
  return { answer: luck < (question.startsWith("long") && topK < 8 ? 0.15 : 0.97) ? "right" : "wrong" };
}

export async function source() {
  const client = new Client();
  for (let index = 0; index < 240; index += 1) {
    const kind = index % 3 === 0 ? "long_" : "short";
    const settings = { name: "rag", project_name: "cli-rag", client, metadata: { kind } };
    await traceable(async ({ question }: { question: string }) => answer(question, 2), settings)({ question: \`\${kind} \${index}\` });
  }
  await client.awaitPendingTraceBatches();
}

export default defineLoop({
  projectName: "cli-rag",
  settleMs: 0,
  evaluator: ({ outputs }: { outputs?: Record<string, unknown> }) => ({ key: "right", score: outputs?.answer === "right" ? 1 : 0 }),
  threshold: 0.5,
  remedy: defineRemedy({
    name: "wider",
    when: ["candidate", "confirmed"],
    baseline: { topK: 2 },
    candidates: [{ grid: { topK: [3, 8] } }],
    trial: { maxCostUsd: 0.001, target: async ({ config, inputs }) => ({ outputs: answer(String(inputs.question), config.topK), costUsd: 0.0005 }) },
    dataset: { controlsPerExample: 2 },
    gate: { slices: { margin: 0.2 } },
    minExamples: 15,
    budgetUsd: 5,
    promote: promotePrompt({ prompt: "cli-answer", content: ({ topK }) => ({ lc: 1, type: "constructor", id: ["langchain_core", "prompts", "prompt", "PromptTemplate"], kwargs: { template: \`{question} \${topK}\`, input_variables: ["question"], template_format: "f-string" } }) }),
  }),
});
`;

it("plans, runs, approves, takes back and tells of a remedy from the command line", () => {
  writeFileSync(file, LOOP_FILE);
  expect(json<{ traces: number }>("run", file, "--once", "--in-process").traces).toBe(240);
  const { plans } = json<{ plans: RemedyPlan[] }>("remedy", "run", file, "--dry-run", "--in-process");
  expect(plans[0]).toMatchObject({ stage: "collecting", spentUsd: 0, maxUsd: expect.any(Number) });
  expect(loopsmith("remedy", "plan", file, "--in-process").stdout).toMatch(
    /wider \S+ \(collecting\): at most \$0\.\d\d/,
  );
  expect(json("remedy", "list")).toEqual({ remedies: [] });

  const { remedies } = json<{ remedies: RemedyState<object>[] }>("remedy", "run", file, "--in-process");
  expect(remedies).toMatchObject([{ stage: "awaiting_approval", winner: "topK=8" }]);
  const id = remedies[0]?.id.slice(0, 8) ?? "";
  expect(loopsmith("remedy", "list").stdout).toContain("awaiting_approval");
  expect(loopsmith("remedy", "show", id).stdout).toMatch(/topK=8\s+PASS/);

  writesRegression(id);

  expect(loopsmith("remedy", "rollback", id, "--why", "too early").status).toBe(3);
  expect(loopsmith("remedy", "approve", id).stderr).toContain("--why");
  const approved = loopsmith("remedy", "approve", id, "--why", "reads well", "--who", "ana");
  expect(approved.stdout).toContain("Approved topK=8.");
  const used = json<{ remedies: RemedyState<object>[] }>("remedy", "run", file, "--in-process");
  expect(used.remedies).toMatchObject([{ stage: "watching", approval: { who: "ana", why: "reads well" } }]);
  expect(loopsmith("remedy", "rollback", id, "--why", "users complain").status).toBe(0);
  const back = json<{ remedies: RemedyState<object>[] }>("remedy", "run", file, "--in-process");
  expect(back.remedies).toMatchObject([{ stage: "rolled_back" }]);
  const history = loopsmith("remedy", "history", id).stdout;
  expect(history).toMatch(/ana: Approved topK=8\. \(reads well\)/);
  expect(history).toContain("(users complain)");
});

/** The file is run by vitest as a user's would be: green on the fixed application, red on the one in use. */
function writesRegression(id: string): void {
  const exported = (topK: number): string =>
    `${LOOP_FILE.slice(LOOP_FILE.indexOf("function answer"), LOOP_FILE.indexOf("export async function"))}
export const fixed = ({ question }: { question: string }) => answer(question, ${topK});
export const right = ({ outputs }: { outputs: { answer: string } }) => (outputs.answer === "right" ? 1 : 0);\n`;
  writeFileSync(join(folder, "app.ts"), exported(8));
  const out = join(folder, "wider.eval.ts");
  const imports = ["--target", "./app.ts#fixed", "--evaluator", "./app.ts#right"];
  const written = json<{ examples: number }>(
    "remedy",
    "regression",
    id,
    "--out",
    out,
    "--min-pass-rate",
    "0.9",
    ...imports,
  );
  expect(written.examples).toBeGreaterThan(20);
  const vitest = (): number | null =>
    spawnSync("npx", ["--no-install", "vitest", "run", "--root", folder], { stdio: "ignore" }).status;
  writeFileSync(join(folder, "vitest.config.ts"), `export default { test: { include: ["*.eval.ts"] } };`);
  expect(vitest()).toBe(0);
  writeFileSync(join(folder, "app.ts"), exported(2));
  expect(vitest()).toBe(1);
  expect(
    loopsmith("remedy", "regression", id, "--out", out, "--target", "app.ts", ...imports.slice(2)).status,
  ).not.toBe(0);
}
