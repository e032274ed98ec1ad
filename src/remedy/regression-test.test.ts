import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { regressionTest } from "./regression-test.ts";
import type { RegressionTestOptions } from "./regression-test.ts";
import type { RemedyExample } from "./remedy-example.ts";

const NASTY = 'x`; process.exit(9); ${"y"} </script> \u2028 */ "); throw 1; //';

function example(index: number, rest: Partial<RemedyExample> = {}): RemedyExample {
  return {
    id: `example-${index}`,
    inputs: { question: index === 0 ? NASTY : `q${index}`, __proto__: undefined },
    outputs: { answer: index },
    split: "visible",
    control: false,
    slices: [],
    sourceTraceId: "",
    sourceRunId: "",
    ...rest,
  };
}

const options: RegressionTestOptions = {
  name: NASTY,
  target: { module: "./app.ts", name: "answer" },
  evaluator: { module: "./app.ts", name: "correct" },
  threshold: 0.5,
};

let directory: string;
beforeAll(async () => {
  // Inside the project, so that the file finds vitest as a user's would.
  await mkdir(".tmp", { recursive: true });
  directory = await mkdtemp(".tmp/regression-");
  const app = `export const answer = async ({ question }: { question: string }) => ({ answer: question === "q3" ? -1 : Number(question.slice(1)) || 0 });
export const correct = ({ outputs, referenceOutputs }: { outputs: { answer: number }; referenceOutputs: { answer: number } }) => ({ score: outputs.answer === referenceOutputs.answer ? 1 : 0 });`;
  await writeFile(join(directory, "app.ts"), app);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function run(name: string, text: string): Promise<{ passed: number; failed: number; failures: string }> {
  await writeFile(join(directory, `${name}.eval.ts`), text);
  const config = join(directory, `${name}.config.ts`);
  await writeFile(config, `export default { test: { include: ["${directory}/${name}.eval.ts"] } };`);
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [
    vitest,
    "run",
    "--config",
    config,
    "--reporter=json",
  ]).catch((error: unknown) => error as { stdout: string });
  const report = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
    numPassedTests: number;
    numFailedTests: number;
    testResults: { assertionResults: { failureMessages: string[] }[] }[];
  };
  const failures = report.testResults
    .flatMap((file) => file.assertionResults.flatMap((test) => test.failureMessages))
    .join("\n");
  return { passed: report.numPassedTests, failed: report.numFailedTests, failures };
}

describe("regressionTest", () => {
  const examples = Array.from({ length: 5 }, (_, index) => example(index));

  it("writes a file vitest runs, in which text from traces stays text", async () => {
    const [single, together] = await Promise.all([
      run("single", regressionTest(examples, options)),
      run("together", regressionTest(examples, { ...options, minPassRate: 0.9 })),
    ]);
    expect(single).toMatchObject({ passed: 4, failed: 1 });
    expect(together).toMatchObject({ passed: 0, failed: 1 });
    expect(together.failures).toContain("failed: example-3");
  });

  it("keeps the gate's examples out of a file that proposers may read", () => {
    const both = [...examples, example(9, { split: "held_out" })];
    expect(regressionTest(both, options)).not.toContain("example-9");
    expect(regressionTest(both, { ...options, includeHeldOut: true })).toContain("example-9");
  });

  it("refuses a name that is no export", () => {
    const target = { module: "./app.ts", name: "x } from 'y'; import { z" };
    expect(() => regressionTest(examples, { ...options, target })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
  });
});
