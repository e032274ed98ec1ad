import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

it("docs/compatibility.md lists the tests and routes there are", () => {
  const run = (): string =>
    execFileSync(process.execPath, ["scripts/compat-table.mjs", "--check"], { encoding: "utf8" });
  expect(run).not.toThrow();
});
