import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type RunningServer } from "../../server/official-client.ts";
import { checksIn, runChecks, type CheckResult } from "./checks.ts";
import { needPython } from "./need-python.ts";

const folder = import.meta.dirname;
const checks = checksIn(folder);

describe("the official Python client", () => {
  const python = needPython();
  if (python === null) return;
  let running: RunningServer;
  let results: CheckResult[];

  beforeAll(async () => {
    running = await startServer();
    results = await runChecks(python, folder, running.listening.url);
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
