import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type RunningServer } from "../../server/official-client.ts";
import { checksIn, runChecks, type CheckResult } from "./checks.ts";
import { pythonEnvironment } from "./python-environment.ts";

const folder = import.meta.dirname;
const environment = await pythonEnvironment(join(folder, "requirements.txt"));
const checks = checksIn(folder);

describe("the official Python client", () => {
  if ("missing" in environment) {
    process.stderr.write(`The official Python client cannot be tried here: ${environment.missing}\n`);
    it.skipIf(!process.env["CI"])(`cannot be tried here: ${environment.missing}`, () => {
      expect.fail("in CI the Python part must run");
    });
    return;
  }
  let running: RunningServer;
  let results: CheckResult[];

  beforeAll(async () => {
    running = await startServer();
    results = await runChecks(environment.python, folder, running.listening.url);
  }, 120_000);
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
  });

  it("has checks", () => {
    expect(checks.length).toBeGreaterThan(20);
  });

  it.each(checks)("$area: $title", ({ area, title }) => {
    const result = results.find((candidate) => candidate.area === area && candidate.title === title);
    expect(result?.error).toBeNull();
  });
});
