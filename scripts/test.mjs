// The test command: builds, checks types, lint and format, brings up PostgreSQL, runs every test, prints one closing line.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "./postgres.mjs";

const quick = process.argv.includes("--tests-only");
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

function run(title, command, args, env = {}) {
  process.stdout.write(`\n== ${title}\n`);
  const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) process.stdout.write(`${title}: failed\n`);
  return status === 0;
}

let sound = run("build", "npx", ["--no-install", "tsc", "-p", "tsconfig.build.json"]);
if (!quick) {
  sound = run("types", "npx", ["--no-install", "tsc", "-p", "tsconfig.json", "--noEmit"]) && sound;
  sound = run("lint", "npx", ["--no-install", "oxlint", "--type-aware"]) && sound;
  sound = run("format", "npx", ["--no-install", "oxfmt", "--check", "."]) && sound;
}

const postgres = await startPostgres();
process.stdout.write(`\n== PostgreSQL: ${postgres.note}\n`);
if (postgres.url === null && process.env.CI) sound = false;

const folder = mkdtempSync(join(tmpdir(), "loopsmith-test-"));
const report = join(folder, "report.json");
const passedTests = run(
  "tests",
  "npx",
  ["--no-install", "vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...filters],
  postgres.url === null ? {} : { LOOPSMITH_TEST_POSTGRES: postgres.url },
);
await postgres.stop();

let counts = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, testResults: [] };
try {
  counts = JSON.parse(readFileSync(report, "utf8"));
} catch {
  process.stdout.write("the test runner left no report\n");
}
rmSync(folder, { recursive: true, force: true });
// What did not run is said by name: a part that is missing on this machine must not look like one that passed.
for (const { assertionResults } of counts.testResults) {
  for (const { status, fullName } of assertionResults) {
    if (status === "skipped" || status === "pending") process.stdout.write(`not run: ${fullName}\n`);
  }
}
// A failed check outside the test runner, and a test file that did not load, are failures too.
const failed = Math.max(counts.numFailedTests, passedTests && sound ? 0 : 1);
process.stdout.write(`\n${counts.numPassedTests} passed, ${failed} failed, ${counts.numPendingTests} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
